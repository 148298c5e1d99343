//! A burst of datagrams in as few messages of the kernel as can be.
//!
//! On one host the way through the kernel's stack costs twenty times the system call, so sendmmsg
//! alone saves next to nothing. UDP_SEGMENT lets a train of datagrams of one size take that way
//! once: the kernel cuts it at its end. Only the last datagram of a train may be shorter.
#![allow(unsafe_code)]

use std::net::SocketAddrV4;
use std::os::fd::RawFd;

use super::reject::SendReject;

/// Datagrams in a train: what every kernel with UDP_SEGMENT takes.
pub const SEGMENTS_MAX: usize = 64;
/// Bytes in a train, below the 65,507 of a UDP payload.
const TRAIN_BYTES: usize = 60_000;
/// Datagrams handed to the kernel in one call.
const BURST_MAX: usize = 1024;
/// Waits for room in the socket's buffer before a datagram is given up, and how long each is, ms.
const WAITS: u32 = 4;
const WAIT_MS: libc::c_int = 1;

/// Control message of one train, aligned as cmsghdr is.
type Control = [u64; 3];
/// Bytes that a u16 takes as a control message.
const CONTROL_SPACE: usize = {
    // SAFETY: CMSG_SPACE only computes.
    let space = unsafe { libc::CMSG_SPACE(2) };
    space as usize
};
/// Its length as the header has it.
const CONTROL_LEN: usize = {
    // SAFETY: CMSG_LEN only computes.
    let length = unsafe { libc::CMSG_LEN(2) };
    length as usize
};
const _: () = assert!(CONTROL_SPACE == size_of::<Control>(), "the header and one padded word");

/// What was sent and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendCounts {
    /// Datagrams sent.
    pub datagrams: u64,
    /// Their bytes, without headers of IP and UDP.
    pub bytes: u64,
    /// Messages that they took; fewer than datagrams where trains could be made.
    pub messages: u64,
    /// System calls that they took.
    pub calls: u64,
    /// Datagrams given up, by reason.
    pub refused: [u64; SendReject::ALL.len()],
    /// Trains that the kernel would not cut; from the first one on, datagrams go one by one.
    pub trains_refused: u64,
}

impl SendCounts {
    /// Datagrams given up.
    pub fn lost(&self) -> u64 {
        self.refused.iter().sum()
    }
}

/// Some of the datagrams as one message.
#[derive(Clone, Copy, Debug)]
struct Train {
    first: usize,
    count: usize,
    destination: usize,
    segment: usize,
    bytes: usize,
    /// A shorter datagram has ended it.
    closed: bool,
}

/// Memory of a burst, all of it taken at the start.
#[derive(Debug)]
pub struct Burst {
    addresses: Vec<libc::sockaddr_in>,
    pieces: Vec<libc::iovec>,
    trains: Vec<Train>,
    controls: Vec<Control>,
    messages: Vec<libc::mmsghdr>,
    segmented: bool,
    counts: SendCounts,
}

// SAFETY: the pointers in `pieces` and `messages` are written and used within one call of `send`,
// and cleared at its end; between calls the vectors hold none.
unsafe impl Send for Burst {}

impl Burst {
    pub(super) fn new(destinations: &[SocketAddrV4], segmented: bool) -> Burst {
        Burst {
            addresses: destinations.iter().copied().map(address).collect(),
            pieces: Vec::with_capacity(BURST_MAX),
            trains: Vec::with_capacity(BURST_MAX),
            controls: vec![[0; 3]; BURST_MAX],
            messages: Vec::with_capacity(BURST_MAX),
            segmented,
            counts: SendCounts::default(),
        }
    }

    pub(super) fn counts(&self) -> &SendCounts {
        &self.counts
    }

    pub(super) fn is_segmented(&self) -> bool {
        self.segmented
    }

    pub(super) fn send<'a>(
        &mut self,
        fd: RawFd,
        datagrams: impl Iterator<Item = (usize, &'a [u8])>,
    ) {
        for (destination, bytes) in datagrams {
            if destination >= self.addresses.len() {
                self.refuse(SendReject::Other, 1);
                continue;
            }
            if self.pieces.len() == BURST_MAX {
                self.flush(fd);
            }
            self.push(destination, bytes);
        }
        // The bytes live until here: the iterator borrowed them for 'a.
        self.flush(fd);
    }

    fn push(&mut self, destination: usize, bytes: &[u8]) {
        let at = self.pieces.len();
        self.pieces
            .push(libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() });
        let segmented = self.segmented;
        if let Some(train) = self.trains.last_mut()
            && segmented
            && train.takes(destination, bytes.len())
        {
            train.count += 1;
            train.bytes += bytes.len();
            train.closed = bytes.len() < train.segment;
            return;
        }
        let (segment, closed) = (bytes.len(), false);
        self.trains.push(Train {
            first: at,
            count: 1,
            destination,
            segment,
            bytes: segment,
            closed,
        });
    }

    fn flush(&mut self, fd: RawFd) {
        self.build();
        let mut at = 0;
        while at < self.messages.len() {
            at += self.send_from(fd, at);
        }
        self.messages.clear();
        self.pieces.clear();
        self.trains.clear();
    }

    /// Headers of all trains. Nothing moves until they are cleared.
    fn build(&mut self) {
        self.messages.clear();
        for (train, control) in self.trains.iter().zip(&mut self.controls) {
            *control = control_message(train.segment as u16);
        }
        // Each vector is pointed into from one pointer to its start, so that no later borrow of it
        // takes an earlier pointer's right away.
        let addresses = self.addresses.as_mut_ptr();
        let pieces = self.pieces.as_mut_ptr();
        let controls = self.controls.as_mut_ptr();
        for (number, train) in self.trains.iter().enumerate() {
            let control = (train.count > 1).then(|| controls.wrapping_add(number));
            self.messages.push(libc::mmsghdr {
                msg_hdr: header(
                    addresses.wrapping_add(train.destination),
                    (pieces.wrapping_add(train.first), train.count),
                    control,
                ),
                msg_len: 0,
            });
        }
    }

    /// Sends from message `at` on; returns by how many messages this got further.
    fn send_from(&mut self, fd: RawFd, at: usize) -> usize {
        let Some(rest) = self.messages.get_mut(at..) else { return 1 };
        let wanted = rest.len() as libc::c_uint;
        let mut waits = 0;
        let errno = loop {
            self.counts.calls += 1;
            // SAFETY: `rest` has `wanted` headers; each points to an address of `addresses`, to
            // `count` pieces and to one control message, all alive and unmoved since `build`, and
            // the pieces point to bytes that the caller of `send` borrows. The kernel writes only
            // `msg_len`.
            let sent = unsafe {
                libc::sendmmsg(
                    fd,
                    rest.as_mut_ptr(),
                    wanted,
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            };
            if let Ok(sent @ 1..) = usize::try_from(sent) {
                self.sent(at, sent);
                return sent;
            }
            match std::io::Error::last_os_error().raw_os_error().unwrap_or(0) {
                libc::EINTR => {}
                libc::EAGAIN if waits < WAITS => {
                    waits += 1;
                    wait_for_room(fd);
                }
                errno => break errno,
            }
        };
        self.refused(fd, at, errno);
        1
    }

    fn sent(&mut self, at: usize, sent: usize) {
        for train in self.trains.iter().skip(at).take(sent) {
            self.counts.messages += 1;
            self.counts.datagrams += train.count as u64;
            self.counts.bytes += train.bytes as u64;
        }
    }

    fn refuse(&mut self, reason: SendReject, datagrams: u64) {
        if let Some(count) = self.counts.refused.get_mut(reason.index()) {
            *count += datagrams;
        }
    }

    /// The kernel did not take message `at`. A train that it does not know how to cut goes one by
    /// one, and so does everything from then on.
    #[cold]
    fn refused(&mut self, fd: RawFd, at: usize, errno: i32) {
        let Some(train) = self.trains.get(at).copied() else { return };
        let uncut = [libc::EINVAL, libc::EIO, libc::EOPNOTSUPP, libc::ENOPROTOOPT, libc::EMSGSIZE];
        if train.count == 1 || !uncut.contains(&errno) {
            return self.refuse(SendReject::from_errno(errno), train.count as u64);
        }
        self.counts.trains_refused += 1;
        self.segmented = false;
        let addresses = self.addresses.as_mut_ptr();
        let pieces = self.pieces.as_mut_ptr();
        for number in train.first..train.first + train.count {
            let bytes = self.pieces.get(number).map_or(0, |piece| piece.iov_len);
            let to = addresses.wrapping_add(train.destination);
            let message = header(to, (pieces.wrapping_add(number), 1), None);
            self.counts.calls += 1;
            // SAFETY: the header points to one address and one piece, both in vectors that are
            // alive and unmoved, and to no control message.
            let sent = unsafe { libc::sendmsg(fd, &raw const message, libc::MSG_NOSIGNAL) };
            if sent >= 0 {
                self.counts.messages += 1;
                self.counts.datagrams += 1;
                self.counts.bytes += bytes as u64;
            } else {
                let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
                self.refuse(SendReject::from_errno(errno), 1);
            }
        }
    }
}

impl Train {
    fn takes(&self, destination: usize, bytes: usize) -> bool {
        self.destination == destination
            && !self.closed
            && bytes > 0
            && bytes <= self.segment
            && self.count < SEGMENTS_MAX
            && self.bytes + bytes <= TRAIN_BYTES
    }
}

fn address(to: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*to.ip()).to_be() },
        sin_zero: [0; 8],
    }
}

/// Header of a message: where to, its pieces and their number, and its control message.
fn header(
    to: *mut libc::sockaddr_in,
    (pieces, count): (*mut libc::iovec, usize),
    control: Option<*mut Control>,
) -> libc::msghdr {
    // SAFETY: a header of zeros is a valid one: null pointers of length 0.
    let mut head: libc::msghdr = unsafe { std::mem::zeroed() };
    head.msg_name = to.cast();
    head.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    head.msg_iov = pieces;
    head.msg_iovlen = count as _;
    if let Some(control) = control {
        head.msg_control = control.cast();
        head.msg_controllen = CONTROL_SPACE as _;
    }
    head
}

/// cmsghdr of SOL_UDP and UDP_SEGMENT with its u16, byte by byte: length as size_t, level, type.
fn control_message(segment: u16) -> Control {
    let level_and_type = [libc::SOL_UDP, libc::UDP_SEGMENT].map(libc::c_int::to_ne_bytes);
    let mut second = [0; 8];
    for (to, from) in second.iter_mut().zip(level_and_type.as_flattened()) {
        *to = *from;
    }
    let [low, high] = segment.to_ne_bytes();
    [
        CONTROL_LEN as u64,
        u64::from_ne_bytes(second),
        u64::from_ne_bytes([low, high, 0, 0, 0, 0, 0, 0]),
    ]
}

/// Waits until the socket has room, but not long.
fn wait_for_room(fd: RawFd) {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one pollfd, alive over the call.
    unsafe { libc::poll(&raw mut poll, 1, WAIT_MS) };
}

/// Whether this kernel has UDP_SEGMENT.
pub(super) fn has_segment(fd: RawFd) -> bool {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: value and length are alive, and the kernel writes at most `length` bytes.
    let got = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    got == 0
}

/// Asks for a send buffer. A smaller one than asked for only makes bursts wait.
pub(super) fn send_buffer(fd: RawFd, bytes: libc::c_int) {
    for option in [libc::SO_SNDBUFFORCE, libc::SO_SNDBUF] {
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: the pointer is to a whole c_int, which the kernel only reads.
        let done = unsafe {
            libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const bytes).cast(), length)
        };
        if done == 0 {
            return;
        }
    }
}
