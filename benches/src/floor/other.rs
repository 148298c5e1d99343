//! The process that answers: `compare --child floor DESCRIPTOR CORE`.
//!
//! Between rounds it sleeps in the kernel, so that its core is free for the rounds of others.

use super::page::{Page, wait};
use crate::harness::{Child, CompareError};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Its entry in the list of children.
pub const CHILD: Child = Child { name: "floor", run };

fn run(arguments: &[String]) -> Result<(), CompareError> {
    let [descriptor, core] = arguments else {
        return Err(CompareError::failed("floor", "wants a descriptor and a core"));
    };
    let number = |text: &String| {
        text.parse::<i32>().map_err(|e| CompareError::failed(format!("floor: {text}"), e))
    };
    let core = usize::try_from(number(core)?).map_err(|e| CompareError::failed("floor", e))?;
    // SAFETY: asks the kernel to end this process with its parent; changes no memory.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let page = Page::open(number(descriptor)?)?;
    affinity::pin(core).map_err(|e| CompareError::failed("pin the answering process", e))?;
    let shared = page.shared();
    let mut seen = 0;
    loop {
        // Pairs with the release store of the command: what it asks for is visible.
        let command = shared.control.command.load(Acquire);
        if command == seen {
            wait(&shared.control.command, seen);
            continue;
        }
        seen = command;
        let exchanges = shared.control.exchanges.load(Relaxed);
        let two = shared.control.shape.load(Relaxed) == 1;
        let reply = if two { &shared.pong.0 } else { &shared.ping.0 };
        // Pairs with the acquire load of the asking side, which begins only then.
        shared.ready.store(command, Release);
        for exchange in 0..exchanges {
            let question = 2 * exchange + 1;
            // Pairs with the question's release store.
            while shared.ping.0.load(Acquire) != question {
                spin_loop();
            }
            // Pairs with the acquire load that waits for the answer.
            reply.store(question + 1, Release);
        }
    }
}
