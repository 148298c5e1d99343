//! The busy loop as it ships: it must not allocate, fault, give up its core, or enter the kernel.

use affinity::poll::IdleAction;
use affinity::{
    Backoff, Body, Clock, CoreSpec, Counter, Idle, LongestPoll, PollMode, ThreadUsage, run_core,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local
// without a destructor, which is always there and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn spec(stop: &AtomicBool, mode: PollMode) -> CoreSpec<'_> {
    CoreSpec { core: None, mode, backoff: Backoff::default(), stop }
}

#[test]
fn the_busy_loop_neither_allocates_nor_faults_nor_gives_up_its_core() {
    const ROUNDS: u64 = 200_000;
    const WARM: u64 = 1_000;
    let mut clock = Clock::measure().expect("a clock");
    let stop = AtomicBool::new(false);
    let longest = LongestPoll::new(1);
    let mut rounds = 0;
    let mut before = (0, ThreadUsage::default());
    let mut after = before;
    let counts = || (ALLOCATIONS.get(), ThreadUsage::now());
    let poll = |now: u64| {
        rounds += 1;
        match rounds {
            WARM => before = counts(),
            ROUNDS => {
                after = counts();
                stop.store(true, Ordering::Release);
            }
            _ => {}
        }
        now.is_multiple_of(2)
    };
    let mut body = Body { poll, longest: &longest };
    let warmed = String::from("this one is counted");
    assert!(ALLOCATIONS.get() > 0, "{warmed}");
    let report = run_core(&spec(&stop, PollMode::Busy), &mut clock, &mut body).expect("no pin");
    assert_eq!(report.rounds, ROUNDS);
    assert_eq!(after.0 - before.0, 0, "allocations");
    let usage = after.1.since(before.1);
    // The kernel may move one of our pages now and then, and who faults on it waits for that.
    assert!(usage.faults() <= 2, "{usage:?}");
    assert!(usage.voluntary_switches <= usage.faults(), "{usage:?}");
    assert_eq!(longest.stats().polls, ROUNDS);
}

/// How a child process ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Code(i32),
    Signal(i32),
}

const REFUSED: i32 = 77;

/// From here on any system call but the end of the process kills it.
fn forbid_system_calls() -> bool {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    let number = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let ret = libc::BPF_RET | libc::BPF_K;
    let step = |code: u32, k: u32, jf: u8| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let mut filter = [
        step(number, 0, 0),
        step(equal, libc::SYS_exit_group as u32, 1),
        step(ret, ALLOW, 0),
        step(ret, KILL, 0),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // Being killed is expected of one of the tests, so no core file.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads one `rlimit`, which outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // SAFETY: without new privileges a process may restrict itself; no pointer is passed.
    let quiet = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the kernel copies the four instructions, which outlive the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    quiet == 0 && set == 0
}

/// Runs the body in a child process and says how that ended.
fn in_child(body: impl FnOnce() -> i32) -> Ended {
    // SAFETY: the child runs on a copy of this thread alone; the bodies here neither allocate
    // nor take locks, and leave by `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let code = body();
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes one integer, which is exclusive here.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    if libc::WIFSIGNALED(status) {
        Ended::Signal(libc::WTERMSIG(status))
    } else {
        Ended::Code(libc::WEXITSTATUS(status))
    }
}

/// Polls many times in a process that must not enter the kernel after the first poll.
fn loop_without_system_calls(clock: &Clock, mode: PollMode) -> Ended {
    let mut clock = *clock;
    in_child(|| {
        let stop = AtomicBool::new(false);
        let longest = LongestPoll::new(100);
        let mut rounds = 0_u32;
        let poll = |_now: u64| {
            rounds += 1;
            if rounds == 1 && !forbid_system_calls() {
                // SAFETY: ends the child; see `in_child`.
                unsafe { libc::_exit(REFUSED) };
            }
            if rounds == 100_000 {
                // Before the loop ends, because its report asks the kernel.
                // SAFETY: ends the child; see `in_child`.
                unsafe { libc::_exit(0) };
            }
            false
        };
        let mut body = Body { poll, longest: &longest };
        let ran = run_core(&spec(&stop, mode), &mut clock, &mut body);
        i32::from(ran.is_ok()) + 1
    })
}

#[test]
fn the_busy_loop_makes_no_system_call() {
    let clock = Clock::measure().expect("a clock");
    let name = "the_busy_loop_makes_no_system_call";
    if clock.calibration().counter != Counter::Tsc {
        e2e::skipped(name, "the TSC is no clock here");
        return;
    }
    let busy = loop_without_system_calls(&clock, PollMode::Busy);
    if busy == Ended::Code(REFUSED) {
        e2e::skipped(name, "this kernel or sandbox has no seccomp");
        return;
    }
    assert_eq!(busy, Ended::Code(0));
    // The same net catches the loop that does enter the kernel, so it would have caught this.
    let backing_off = loop_without_system_calls(&clock, PollMode::Backoff);
    assert_eq!(backing_off, Ended::Signal(libc::SIGSYS));
}

#[test]
fn an_idle_strategy_does_not_allocate() {
    let mut idle = Idle::new(PollMode::Backoff);
    let before = ALLOCATIONS.get();
    let slept = (0..200).filter(|_| matches!(idle.idle(), IdleAction::Sleep(_))).count();
    assert_eq!(ALLOCATIONS.get(), before);
    assert!(slept > 0);
}
