//! Life and death of processes by lock.
//!
//! The owner of an instance holds a write lock on its `instance` file, a consumer one on its
//! seat's control file. The kernel drops the lock with the process, however it ends, so death needs
//! no cooperation, and a pid that was reused deceives nobody. The locks are those of the open file
//! description (OFD): they do not vanish when another descriptor of the same file is closed.
//!
//! A child that is forked without `exec` would share the lock and keep it alive after the owner's
//! death: don't. Between the fork and the `exec` of an ordinary child it does so too, for some
//! microseconds; an owner that ends in order therefore gives the lock back itself, which holds for
//! every copy of the descriptor.
//!
//! Testing asks for a conflict with a *read* lock: a stranger who may only read the file could
//! otherwise pose as a living owner, since taking a read lock needs no write permission.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// A held write lock; dropping it (or dying) releases it.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

fn request(kind: libc::c_int) -> libc::flock {
    // SAFETY: all-zero is a valid value of this plain C struct: the whole file, pid 0 as OFD
    // locks require.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock
}

impl FileLock {
    /// Takes the write lock of an open, writable file, without waiting. `Ok(Err(file))` gives the
    /// file back where somebody else holds a lock.
    ///
    /// The lock lasts until the descriptor and every mapping made from it are gone: hand in a
    /// descriptor that is not mapped.
    ///
    /// # Errors
    /// What the system said, where it was not the lock.
    pub fn try_take(file: File) -> io::Result<Result<FileLock, File>> {
        let lock = request(libc::F_WRLCK);
        // SAFETY: the descriptor is open and `lock` is a valid flock that the call only reads.
        let code = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &lock) };
        if code == 0 {
            return Ok(Ok(FileLock { file }));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(Err(file)),
            _ => Err(error),
        }
    }

    /// The locked file.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let lock = request(libc::F_UNLCK);
        // SAFETY: the descriptor is open and `lock` is a valid flock that the call only reads. A
        // failure leaves what closing the descriptor does anyway.
        unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_OFD_SETLK, &lock) };
    }
}

/// Does another open file description hold a write lock on this file? One system call, no effect.
///
/// # Errors
/// What the system said.
pub fn is_write_locked(file: &File) -> io::Result<bool> {
    let mut lock = request(libc::F_RDLCK);
    // SAFETY: the descriptor is open and `lock` is a valid flock that the call fills in.
    let code = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &mut lock) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(lock.l_type == libc::F_WRLCK as libc::c_short)
}

/// Start time of a process in clock ticks since boot; `None` where there is no such process.
pub fn process_start(pid: u32) -> Option<u64> {
    start_of_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of a `stat` line. The name (field 2) may hold spaces and brackets: count from its end.
fn start_of_stat(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Is the process that started at `start` still this pid's? (A reused pid started later.)
pub fn is_same_process(pid: u32, start: u64) -> bool {
    process_start(pid) == Some(start)
}

/// ns of CLOCK_MONOTONIC, the clock of heartbeats: equal in all processes of a host, never stepped.
pub fn monotonic_ns() -> u64 {
    // SAFETY: all-zero is a valid timespec.
    let mut now: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: `now` is a valid timespec that the call fills in.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_time_is_the_twenty_second_field_whatever_the_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20 21";
        for name in ["cat", "a b", "x) S 1 2 (y", ")"] {
            assert_eq!(start_of_stat(&format!("42 ({name}) {tail}")), Some(777), "{name}");
        }
        assert_eq!(start_of_stat(""), None);
        assert_eq!(start_of_stat("42 (cat) S 1"), None);
    }

    #[test]
    fn a_lock_that_is_dropped_is_gone_for_every_copy_of_its_descriptor() {
        let file = tempfile::tempfile().expect("file");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let open = || File::options().read(true).write(true).open(&path).expect("open");
        let lock = FileLock::try_take(open()).expect("fcntl").expect("free");
        // As a child has it between fork and exec.
        let copy = lock.file().try_clone().expect("dup");
        assert!(is_write_locked(&file).expect("fcntl"));
        assert!(FileLock::try_take(open()).expect("fcntl").is_err());
        drop(lock);
        assert!(!is_write_locked(&file).expect("fcntl"));
        drop(copy);
    }

    #[test]
    fn own_start_time_is_stable_and_a_dead_pid_has_none() {
        let me = std::process::id();
        let start = process_start(me);
        assert!(start.is_some());
        assert!(is_same_process(me, start.unwrap_or(0)));
        assert!(!is_same_process(me, start.unwrap_or(0) + 1));
        assert_eq!(process_start(u32::MAX), None);
    }
}
