//! What the kernel said to a send, by name.

/// Why a datagram was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendReject {
    /// EAGAIN: the socket's buffer stayed full.
    WouldBlock,
    /// ENOBUFS or ENOMEM: the interface's queue is full, or the kernel has no memory.
    NoBuffers,
    /// ENETUNREACH, EHOSTUNREACH, ENETDOWN, ENODEV: the way to the group is gone.
    Unreachable,
    /// EMSGSIZE: longer than the link carries.
    TooLong,
    /// EPERM or EACCES: a firewall.
    NotPermitted,
    /// Anything else.
    Other,
}

impl SendReject {
    /// Every reason, in order of its index.
    pub const ALL: [SendReject; 6] = [
        SendReject::WouldBlock,
        SendReject::NoBuffers,
        SendReject::Unreachable,
        SendReject::TooLong,
        SendReject::NotPermitted,
        SendReject::Other,
    ];

    /// Name in counters and reports.
    pub const fn name(self) -> &'static str {
        match self {
            SendReject::WouldBlock => "send_would_block",
            SendReject::NoBuffers => "send_no_buffers",
            SendReject::Unreachable => "send_unreachable",
            SendReject::TooLong => "send_too_long",
            SendReject::NotPermitted => "send_not_permitted",
            SendReject::Other => "send_other",
        }
    }

    /// Place in [`SendReject::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The reason behind a number of the system.
    pub const fn from_errno(errno: i32) -> SendReject {
        match errno {
            libc::EAGAIN => SendReject::WouldBlock,
            libc::ENOBUFS | libc::ENOMEM => SendReject::NoBuffers,
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN | libc::ENODEV => {
                SendReject::Unreachable
            }
            libc::EMSGSIZE => SendReject::TooLong,
            libc::EPERM | libc::EACCES => SendReject::NotPermitted,
            _ => SendReject::Other,
        }
    }
}
