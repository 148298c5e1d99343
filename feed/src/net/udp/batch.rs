//! Many datagrams with one system call: memory for `recvmmsg`, laid out once.
#![allow(unsafe_code)]

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

use super::control::CONTROL_LEN;

/// Datagrams that a call takes at most.
pub(super) const BATCH: usize = 64;
/// Longest datagram that is taken, bytes: a jumbo frame of 9,000 and some. No feed sends more, and
/// a longer one is cut by the kernel, which says so.
pub const DATAGRAM_MAX: usize = 9_216;

/// Memory that the kernel writes to through pointers that are set once. It is held by a bare
/// pointer, because a `Box` would claim to be the only way to it.
struct Block<T>(NonNull<[T]>);

impl<T: Clone> Block<T> {
    fn new(value: T, count: usize) -> Block<T> {
        let bare = Box::into_raw(vec![value; count].into_boxed_slice());
        // SAFETY: `into_raw` never gives null.
        Block(unsafe { NonNull::new_unchecked(bare) })
    }

    /// Pointer to an element, or to the end.
    fn at(&self, n: usize) -> *mut T {
        assert!(n <= self.0.len());
        // SAFETY: within the allocation or one behind it, as was just checked.
        unsafe { self.0.as_ptr().cast::<T>().add(n) }
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: it came from `into_raw` and is given back once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct ControlBytes([u8; CONTROL_LEN]);

/// A datagram that was received.
pub(super) struct Received<'a> {
    /// Its bytes; cut if it is `truncated`.
    pub(super) bytes: &'a [u8],
    /// Who sent it.
    pub(super) sender: Option<SocketAddrV4>,
    /// Whether it was longer than [`DATAGRAM_MAX`].
    pub(super) truncated: bool,
    /// Its control messages.
    pub(super) control: &'a [u8],
}

/// Memory for a batch.
pub(super) struct Batch {
    bytes: Block<u8>,
    senders: Block<libc::sockaddr_in>,
    controls: Block<ControlBytes>,
    /// Only pointed to.
    _slices: Block<libc::iovec>,
    headers: Block<libc::mmsghdr>,
    /// Headers that the last call may have changed.
    used: usize,
    /// Datagrams of the last call.
    received: usize,
}

// SAFETY: the pointers lead only to memory that the batch owns, which moves with it; nothing in it
// is bound to a thread.
unsafe impl Send for Batch {}

impl Batch {
    pub(super) fn new() -> Batch {
        // SAFETY: these are plain C structures of numbers and pointers; all zero is a value of
        // each.
        let (sender, slice, header) = unsafe {
            (
                std::mem::zeroed::<libc::sockaddr_in>(),
                std::mem::zeroed::<libc::iovec>(),
                std::mem::zeroed::<libc::mmsghdr>(),
            )
        };
        // Not zero, so that the pages are there and not merely promised.
        let batch = Batch {
            bytes: Block::new(0xA5, BATCH * DATAGRAM_MAX),
            senders: Block::new(sender, BATCH),
            controls: Block::new(ControlBytes([0xA5; CONTROL_LEN]), BATCH),
            _slices: Block::new(slice, BATCH),
            headers: Block::new(header, BATCH),
            used: BATCH,
            received: 0,
        };
        for n in 0..BATCH {
            let slice = libc::iovec {
                iov_base: batch.bytes.at(n * DATAGRAM_MAX).cast(),
                iov_len: DATAGRAM_MAX,
            };
            // SAFETY: each block has BATCH elements, so all these are inside; nobody else has a
            // reference to them.
            unsafe {
                batch._slices.at(n).write(slice);
                let header = &mut (*batch.headers.at(n)).msg_hdr;
                header.msg_iov = batch._slices.at(n);
                header.msg_iovlen = 1;
                header.msg_name = batch.senders.at(n).cast();
                header.msg_control = batch.controls.at(n).cast();
            }
        }
        batch
    }

    /// Takes at most `wanted` datagrams that are there already, without waiting.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, wanted: usize) -> io::Result<usize> {
        self.received = 0;
        for n in 0..self.used.min(BATCH) {
            // SAFETY: inside the block; no reference to a header lives beyond this statement.
            let header = unsafe { &mut (*self.headers.at(n)).msg_hdr };
            header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_controllen = CONTROL_LEN as _;
            header.msg_flags = 0;
        }
        self.used = 0;
        let wanted = wanted.min(BATCH) as libc::c_uint;
        // SAFETY: `wanted` headers are there, each with pointers to memory of this batch of the
        // lengths that they state, to which no reference exists during the call: `message` borrows
        // the batch. The descriptor is open while it is borrowed. No time limit is given.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.at(0),
                wanted,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(received) {
            Ok(received) => {
                self.received = received.min(BATCH);
                // One more may have been begun.
                self.used = self.received + 1;
                Ok(self.received)
            }
            Err(_) => {
                self.used = 1;
                Err(io::Error::last_os_error())
            }
        }
    }

    /// A datagram of the last call.
    #[inline]
    pub(super) fn message(&self, n: usize) -> Option<Received<'_>> {
        if n >= self.received {
            return None;
        }
        // SAFETY: `n` is below BATCH. The kernel writes only during `receive`, which needs the
        // batch for itself, so nothing changes while these references live.
        let (header, sender) = unsafe { (&*self.headers.at(n), *self.senders.at(n)) };
        let length = (header.msg_len as usize).min(DATAGRAM_MAX);
        // SAFETY: the place of datagram `n` has DATAGRAM_MAX bytes, all initialised; as above,
        // nothing writes to them meanwhile.
        let bytes = unsafe { std::slice::from_raw_parts(self.bytes.at(n * DATAGRAM_MAX), length) };
        let header = &header.msg_hdr;
        let control_length = header.msg_controllen.min(CONTROL_LEN);
        // SAFETY: the place of these control messages has CONTROL_LEN bytes, all initialised; as
        // above.
        let control =
            unsafe { std::slice::from_raw_parts(self.controls.at(n).cast::<u8>(), control_length) };
        let is_whole = header.msg_namelen as usize >= size_of::<libc::sockaddr_in>();
        let is_ipv4 = i32::from(sender.sin_family) == libc::AF_INET;
        let address = Ipv4Addr::from(u32::from_be(sender.sin_addr.s_addr));
        let from = SocketAddrV4::new(address, u16::from_be(sender.sin_port));
        Some(Received {
            bytes,
            sender: (is_whole && is_ipv4).then_some(from),
            truncated: header.msg_flags & libc::MSG_TRUNC != 0,
            control,
        })
    }
}
