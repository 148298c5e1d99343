//! SoupBinTCP 3.00: Nasdaq's framing of a TCP stream, as the server and as the client speak it.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | length | big-endian, of what follows: type and payload; never 0 |
//! | 2 | 1 | type | see below |
//! | 3 | length - 1 | payload | |
//!
//! | from | type | payload |
//! |--|--|--|
//! | both | `+` | debug text, to be ignored |
//! | server | `A` | login accepted: session 10, number of the next sequenced message 20 |
//! | server | `J` | login rejected: reason 1 |
//! | server | `S` | sequenced message |
//! | both | `U` | unsequenced message |
//! | server | `H` | heartbeat, none |
//! | server | `Z` | end of session, none |
//! | client | `L` | login: user 6, password 10, session 10, number wanted 20 |
//! | client | `R` | heartbeat, none |
//! | client | `O` | logout, none |
//!
//! Numbers are twenty ASCII digits' room, right-justified. The number of a sequenced message is not
//! in it: it is counted, from the `A` on. Each side sends something at least every second, and takes
//! the other for dead after [`DEAD_AFTER_NS`] of silence.
//!
//! [`SoupReader`] cuts packets out of whatever portions the stream comes in. What lies whole within
//! a portion is borrowed from it; only a packet that goes over an edge is put together in a buffer,
//! which is there from the start.

mod reader;

use zerocopy::byteorder::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use reader::SoupReader;

use super::digits;
use crate::reject::rejects;

/// Name of a session, ASCII alphanumeric, padded with spaces (the protocol says on the left, servers
/// do both: compare with [`same_session`]).
pub type Session = [u8; 10];

/// Bytes of the length.
const LENGTH_LEN: usize = 2;
/// Bytes before the payload.
pub const HEADER_LEN: usize = LENGTH_LEN + 1;
/// The longest payload that a length can describe.
pub const MAX_PAYLOAD: usize = u16::MAX as usize - 1;
/// Each side sends at least a heartbeat after so long, ns.
pub const HEARTBEAT_NS: u64 = 1_000_000_000;
/// A side that was silent for so long is dead, ns.
pub const DEAD_AFTER_NS: u64 = 15 * HEARTBEAT_NS;

const DEBUG: u8 = b'+';
const ACCEPTED: u8 = b'A';
const REJECTED: u8 = b'J';
const SEQUENCED: u8 = b'S';
const UNSEQUENCED: u8 = b'U';
const SERVER_HEARTBEAT: u8 = b'H';
const END_OF_SESSION: u8 = b'Z';
const LOGIN: u8 = b'L';
const CLIENT_HEARTBEAT: u8 = b'R';
const LOGOUT: u8 = b'O';

rejects! {
    /// Why bytes are not a packet of SoupBinTCP.
    SoupReject {
        /// A length of 0: not even a type. The stream cannot be believed any more.
        Empty = "soup_empty",
        /// Longer than the reader's limit. The stream cannot be believed any more.
        TooLong = "soup_too_long",
        /// The type is none that this side sends.
        UnknownType = "soup_unknown_type",
        /// The payload is not as long as the type's.
        WrongLength = "soup_wrong_length",
        /// A name, password or session that is not alphanumeric and spaces.
        Text = "soup_text",
        /// A number that is none.
        Number = "soup_number",
        /// A reason of rejection that the protocol does not have.
        Reason = "soup_reason",
    }
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Accepted {
    session: Session,
    sequence: [u8; digits::WIDTH],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Login {
    user: [u8; 6],
    password: [u8; 10],
    session: Session,
    sequence: [u8; digits::WIDTH],
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Accepted>() == 30);
    assert!(offset_of!(Accepted, session) == 0);
    assert!(offset_of!(Accepted, sequence) == 10);
    assert!(size_of::<Login>() == 46);
    assert!(offset_of!(Login, user) == 0);
    assert!(offset_of!(Login, password) == 6);
    assert!(offset_of!(Login, session) == 16);
    assert!(offset_of!(Login, sequence) == 26);
};

/// Why a server rejects a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LoginReject {
    /// User and password are not a valid pair.
    NotAuthorised = b'A',
    /// The session is not there, or does not have the number wanted.
    SessionNotAvailable = b'S',
}

impl LoginReject {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::NotAuthorised, Self::SessionNotAvailable];

    /// The reason of this byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'A' => Some(Self::NotAuthorised),
            b'S' => Some(Self::SessionNotAvailable),
            _ => None,
        }
    }

    /// The name that counters and reports print.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAuthorised => "login_not_authorised",
            Self::SessionNotAvailable => "login_session_not_available",
        }
    }
}

/// What a client says to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginRequest {
    /// User name, padded with spaces on the right.
    pub user: [u8; 6],
    /// Password, padded with spaces on the right.
    pub password: [u8; 10],
    /// Session wanted; all spaces for the current one.
    pub session: Session,
    /// Number of the first message wanted; 0 for the next live one.
    pub sequence: u64,
}

impl LoginRequest {
    /// Any session: the current one.
    pub const CURRENT: Session = [b' '; 10];

    /// A login into the current session.
    ///
    /// `None` if a text is not alphanumeric or longer than 6 bytes (user), 10 bytes (password).
    #[must_use]
    pub fn new(user: &str, password: &str, sequence: u64) -> Option<Self> {
        let session = Self::CURRENT;
        Some(Self { user: padded(user)?, password: padded(password)?, session, sequence })
    }

    /// The same login into a session of this name.
    #[must_use]
    pub const fn into_session(self, session: Session) -> Self {
        Self { session, ..self }
    }
}

fn padded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut field = [b' '; N];
    field.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    is_text(&field).then_some(field)
}

fn is_text(field: &[u8]) -> bool {
    field.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ')
}

/// Whether two names are the same session, on whichever side they are padded.
#[must_use]
pub fn same_session(one: &Session, other: &Session) -> bool {
    fn name(field: &Session) -> &[u8] {
        field.trim_ascii()
    }
    name(one) == name(other)
}

/// What a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerPacket<'a> {
    /// Text for people.
    Debug(&'a [u8]),
    /// The client is in.
    Accepted {
        /// Session it is in.
        session: Session,
        /// Number of the next sequenced message.
        sequence: u64,
    },
    /// The client is not let in; the connection ends.
    Rejected(LoginReject),
    /// The next numbered message.
    Sequenced(&'a [u8]),
    /// A message without a number.
    Unsequenced(&'a [u8]),
    /// Nothing else was to be sent.
    Heartbeat,
    /// Nothing follows in this session.
    EndOfSession,
}

/// What a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientPacket<'a> {
    /// Text for people.
    Debug(&'a [u8]),
    /// The first packet of a connection.
    Login(LoginRequest),
    /// A message without a number.
    Unsequenced(&'a [u8]),
    /// Nothing else was to be sent.
    Heartbeat,
    /// The client goes.
    Logout,
}

/// One packet as it came; whose it is decides what its type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoupPacket<'a> {
    /// The type.
    pub code: u8,
    /// What follows it.
    pub payload: &'a [u8],
}

impl<'a> SoupPacket<'a> {
    /// Reads it as a server's.
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`SoupReject`]; the packets after it are not touched.
    pub fn server(self) -> Result<ServerPacket<'a>, SoupReject> {
        let payload = self.payload;
        match self.code {
            SEQUENCED => Ok(ServerPacket::Sequenced(payload)),
            UNSEQUENCED => Ok(ServerPacket::Unsequenced(payload)),
            DEBUG => Ok(ServerPacket::Debug(payload)),
            SERVER_HEARTBEAT => self.nothing(ServerPacket::Heartbeat),
            END_OF_SESSION => self.nothing(ServerPacket::EndOfSession),
            ACCEPTED => {
                let accepted: &Accepted = self.whole()?;
                let sequence = digits::read(&accepted.sequence).ok_or(SoupReject::Number)?;
                let session = text(accepted.session)?;
                Ok(ServerPacket::Accepted { session, sequence })
            }
            REJECTED => {
                let reason: &[u8; 1] = self.whole()?;
                let reason = LoginReject::from_byte(reason[0]).ok_or(SoupReject::Reason)?;
                Ok(ServerPacket::Rejected(reason))
            }
            _ => Err(SoupReject::UnknownType),
        }
    }

    /// Reads it as a client's.
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`SoupReject`]; the packets after it are not touched.
    pub fn client(self) -> Result<ClientPacket<'a>, SoupReject> {
        match self.code {
            DEBUG => Ok(ClientPacket::Debug(self.payload)),
            UNSEQUENCED => Ok(ClientPacket::Unsequenced(self.payload)),
            CLIENT_HEARTBEAT => self.nothing(ClientPacket::Heartbeat),
            LOGOUT => self.nothing(ClientPacket::Logout),
            LOGIN => {
                let login: &Login = self.whole()?;
                Ok(ClientPacket::Login(LoginRequest {
                    user: text(login.user)?,
                    password: text(login.password)?,
                    session: text(login.session)?,
                    sequence: digits::read(&login.sequence).ok_or(SoupReject::Number)?,
                }))
            }
            _ => Err(SoupReject::UnknownType),
        }
    }

    fn nothing<T>(self, packet: T) -> Result<T, SoupReject> {
        if self.payload.is_empty() { Ok(packet) } else { Err(SoupReject::WrongLength) }
    }

    fn whole<T: FromBytes + KnownLayout + Immutable + Unaligned>(
        self,
    ) -> Result<&'a T, SoupReject> {
        T::ref_from_bytes(self.payload).map_err(|_| SoupReject::WrongLength)
    }
}

fn text<const N: usize>(field: [u8; N]) -> Result<[u8; N], SoupReject> {
    if is_text(&field) { Ok(field) } else { Err(SoupReject::Text) }
}

impl ServerPacket<'_> {
    /// Appends the packet to `out`; `false`, and `out` is as before, if its message is longer than
    /// [`MAX_PAYLOAD`].
    #[must_use]
    pub fn encode(&self, out: &mut Vec<u8>) -> bool {
        match *self {
            Self::Debug(text) => append(out, DEBUG, text),
            Self::Accepted { session, sequence } => {
                let accepted = Accepted { session, sequence: digits::write(sequence) };
                append(out, ACCEPTED, accepted.as_bytes())
            }
            Self::Rejected(reason) => append(out, REJECTED, &[reason as u8]),
            Self::Sequenced(message) => append(out, SEQUENCED, message),
            Self::Unsequenced(message) => append(out, UNSEQUENCED, message),
            Self::Heartbeat => append(out, SERVER_HEARTBEAT, &[]),
            Self::EndOfSession => append(out, END_OF_SESSION, &[]),
        }
    }
}

impl ClientPacket<'_> {
    /// Appends the packet to `out`; `false`, and `out` is as before, if its message is longer than
    /// [`MAX_PAYLOAD`].
    #[must_use]
    pub fn encode(&self, out: &mut Vec<u8>) -> bool {
        match *self {
            Self::Debug(text) => append(out, DEBUG, text),
            Self::Login(LoginRequest { user, password, session, sequence }) => {
                let sequence = digits::write(sequence);
                append(out, LOGIN, Login { user, password, session, sequence }.as_bytes())
            }
            Self::Unsequenced(message) => append(out, UNSEQUENCED, message),
            Self::Heartbeat => append(out, CLIENT_HEARTBEAT, &[]),
            Self::Logout => append(out, LOGOUT, &[]),
        }
    }
}

/// Appends one packet of any type, which need not be one of the protocol's.
#[must_use]
pub fn append(out: &mut Vec<u8>, code: u8, payload: &[u8]) -> bool {
    let Some(length) = payload.len().checked_add(1).and_then(|all| u16::try_from(all).ok()) else {
        return false;
    };
    out.extend_from_slice(U16::new(length).as_bytes());
    out.push(code);
    out.extend_from_slice(payload);
    true
}
