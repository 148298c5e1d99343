//! What recovery is told, what it asks of the world, and what it is told of a stream.

/// How recovery is to behave. Times in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverySpec {
    /// Servers that answer requests; 0: nothing is requested.
    pub request_servers: u8,
    /// Servers that send snapshots; 0: there are none.
    pub snapshot_servers: u8,
    /// How long an answer may take.
    pub timeout_ns: u64,
    /// How often each server is asked for the same messages.
    pub tries: u8,
    /// Servers that must say the same of a message before it is believed; 1: the first one is. The
    /// protocol has nothing by which a false message shows, so this is all that helps against a
    /// server that sends them. At most 64 servers then.
    pub agree: u8,
    /// Requests a second over all servers; 0: no limit.
    pub rate: u32,
    /// Requests that may follow each other at once.
    pub burst: u32,
    /// Requests that wait for an answer at a time.
    pub in_flight: u8,
    /// Most messages asked for by one request.
    pub max_count: u16,
    /// Most messages of a gap that are requested at all; a larger gap is for a snapshot.
    pub max_request: u64,
    /// How long a snapshot may take, from the connection to its last message.
    pub snapshot_timeout_ns: u64,
    /// First pause after all snapshot servers failed; it doubles with every round.
    pub backoff_ns: u64,
    /// Name and password for snapshot servers, padded with spaces.
    pub login: ([u8; 6], [u8; 10]),
    /// Seed of what is random: the spread of pauses.
    pub seed: u64,
}

impl Default for RecoverySpec {
    fn default() -> Self {
        RecoverySpec {
            request_servers: 0,
            snapshot_servers: 0,
            timeout_ns: 20_000_000,
            tries: 3,
            agree: 1,
            rate: 1_000,
            burst: 32,
            in_flight: 8,
            max_count: 32,
            max_request: 100_000,
            snapshot_timeout_ns: 30_000_000_000,
            backoff_ns: 100_000_000,
            login: ([b' '; 6], [b' '; 10]),
            seed: 0,
        }
    }
}

/// The sockets of recovery: real ones, or a simulation's.
///
/// There is one stream at a time. After `connect` the owner reports [`StreamEvent::Connected`] or
/// [`StreamEvent::Closed`]; after `close` nothing more of that stream.
pub trait Network {
    /// Sends a datagram to a request server; `false` if it could not be sent now.
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool;
    /// Begins a connection to a snapshot server. An open one is closed first.
    fn connect(&mut self, server: u8);
    /// Sends bytes on the connection.
    fn write(&mut self, bytes: &[u8]);
    /// Closes the connection.
    fn close(&mut self);
}

/// What happened to the connection to a snapshot server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// It is there.
    Connected,
    /// Bytes came.
    Bytes(&'a [u8]),
    /// It is gone, or it could not be made.
    Closed,
}
