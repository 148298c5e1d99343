//! What a poll of the UDP source asks of the system: `recvmmsg`, and nothing else.

use std::net::Ipv4Addr;

use feed::net::Source;

use crate::sockets::{group, line, open, port, send, sender, spec};

/// No filter could be set here.
const REFUSED: i32 = 77;

/// From here on any system call but these and the end of the process kills it.
fn allow_only(calls: &[libc::c_long]) -> bool {
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let step = |code: u32, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let allow = step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW);
    let kill = step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_KILL_PROCESS);
    let mut filter = [kill; 16];
    filter[0] = step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0);
    let mut length = 1;
    for call in calls.iter().chain(&[libc::SYS_exit_group]) {
        filter[length] = step(equal, 1, *call as u32);
        filter[length + 1] = allow;
        length += 2;
    }
    // The one after the last is `kill`.
    let program = libc::sock_fprog { len: length as u16 + 1, filter: filter.as_mut_ptr() };
    // Being killed is expected of one of the tests, so no core file.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads one `rlimit`, which outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // SAFETY: without new privileges a process may restrict itself; no pointer is passed.
    let quiet = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the kernel copies the instructions, which outlive the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    quiet == 0 && set == 0
}

/// Polls in a child process that may make these calls; gives its status.
fn poll_with(calls: &[libc::c_long]) -> libc::c_int {
    let lines = vec![line(1, group(), port()), line(2, group(), port())];
    let mut source = open(&spec(lines.clone()));
    let from = sender(Ipv4Addr::LOCALHOST);
    for n in 0..200u8 {
        send(&from, &lines[usize::from(n % 2)], &vec![n; usize::from(n) * 60]);
    }
    // SAFETY: the child runs on a copy of this thread alone; it neither allocates nor takes locks,
    // and leaves by `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let mut code = REFUSED;
        if allow_only(calls) {
            let mut got = 0;
            for _ in 0..500 {
                let polled = source.poll(1, 64, &mut |_| got += 1);
                code = i32::from(polled.is_err());
            }
            // Those of more than 9,216 bytes are counted; the others have come.
            code |= i32::from(got + source.counts(1).truncated + source.counts(2).truncated != 200);
        }
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes one integer, which is exclusive here.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}

#[test]
fn a_poll_only_receives() {
    let status = poll_with(&[libc::SYS_recvmmsg]);
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == REFUSED {
        return e2e::skipped("a_poll_only_receives", "this kernel or sandbox has no seccomp");
    }
    assert!(libc::WIFEXITED(status), "killed by signal {}", libc::WTERMSIG(status));
    assert_eq!(libc::WEXITSTATUS(status), 0);
    // The same net catches what is not allowed.
    let status = poll_with(&[]);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS);
}
