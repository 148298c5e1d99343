//! What recovery counts, and what it refuses, by name.

/// Why something that a server sent is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecoveryReject {
    /// A datagram from a server that is not configured.
    UnknownServer,
    /// A datagram that is no MoldUDP64 packet.
    AnswerMalformed,
    /// An answer of another session.
    AnswerSession,
    /// An answer without messages: a heartbeat, or an end of session.
    AnswerEmpty,
    /// An answer with numbers that this server was not asked for.
    AnswerUnasked,
    /// An answer of which nothing is missing any more.
    AnswerDuplicate,
    /// An answer with a message too long to be one.
    AnswerTooLong,
    /// An answer with a message that is no ITCH.
    AnswerMessage,
    /// A message that is not what another server said under its number.
    AnswerDisagrees,
    /// A connection that could not be made, or was closed before the snapshot was complete.
    StreamClosed,
    /// A connection over which nothing came for too long.
    StreamSilent,
    /// A snapshot that was not complete in time.
    SnapshotTimeout,
    /// Bytes that are no SoupBinTCP packet, or one that a server does not send.
    StreamMalformed,
    /// A login that the server rejected.
    LoginRejected,
    /// A snapshot of another session.
    SnapshotSession,
    /// An end of session, or of the stream, before the snapshot was complete.
    SnapshotUnfinished,
    /// A message in a snapshot that is no ITCH, or its last message malformed.
    SnapshotMalformed,
    /// A message that does not belong into a snapshot: an execution, a cancel, a trade.
    SnapshotMessage,
    /// An order of an instrument that the snapshot does not know, or of another symbol.
    SnapshotLocate,
    /// Two orders of one reference.
    SnapshotReference,
    /// An order without shares or price, or of no side.
    SnapshotOrder,
    /// More than a snapshot can hold.
    SnapshotTooLarge,
    /// A snapshot older than what is needed.
    SnapshotTooOld,
    /// A snapshot of numbers that the session cannot have reached.
    SnapshotTooNew,
}

impl RecoveryReject {
    /// Every reason, in the order of its number.
    pub const ALL: [RecoveryReject; 24] = [
        RecoveryReject::UnknownServer,
        RecoveryReject::AnswerMalformed,
        RecoveryReject::AnswerSession,
        RecoveryReject::AnswerEmpty,
        RecoveryReject::AnswerUnasked,
        RecoveryReject::AnswerDuplicate,
        RecoveryReject::AnswerTooLong,
        RecoveryReject::AnswerMessage,
        RecoveryReject::AnswerDisagrees,
        RecoveryReject::StreamClosed,
        RecoveryReject::StreamSilent,
        RecoveryReject::SnapshotTimeout,
        RecoveryReject::StreamMalformed,
        RecoveryReject::LoginRejected,
        RecoveryReject::SnapshotSession,
        RecoveryReject::SnapshotUnfinished,
        RecoveryReject::SnapshotMalformed,
        RecoveryReject::SnapshotMessage,
        RecoveryReject::SnapshotLocate,
        RecoveryReject::SnapshotReference,
        RecoveryReject::SnapshotOrder,
        RecoveryReject::SnapshotTooLarge,
        RecoveryReject::SnapshotTooOld,
        RecoveryReject::SnapshotTooNew,
    ];

    /// Name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            RecoveryReject::UnknownServer => "recovery_unknown_server",
            RecoveryReject::AnswerMalformed => "recovery_answer_malformed",
            RecoveryReject::AnswerSession => "recovery_answer_session",
            RecoveryReject::AnswerEmpty => "recovery_answer_empty",
            RecoveryReject::AnswerUnasked => "recovery_answer_unasked",
            RecoveryReject::AnswerDuplicate => "recovery_answer_duplicate",
            RecoveryReject::AnswerTooLong => "recovery_answer_too_long",
            RecoveryReject::AnswerMessage => "recovery_answer_message",
            RecoveryReject::AnswerDisagrees => "recovery_answer_disagrees",
            RecoveryReject::StreamClosed => "recovery_stream_closed",
            RecoveryReject::StreamSilent => "recovery_stream_silent",
            RecoveryReject::SnapshotTimeout => "recovery_snapshot_timeout",
            RecoveryReject::StreamMalformed => "recovery_stream_malformed",
            RecoveryReject::LoginRejected => "recovery_login_rejected",
            RecoveryReject::SnapshotSession => "recovery_snapshot_session",
            RecoveryReject::SnapshotUnfinished => "recovery_snapshot_unfinished",
            RecoveryReject::SnapshotMalformed => "recovery_snapshot_malformed",
            RecoveryReject::SnapshotMessage => "recovery_snapshot_message",
            RecoveryReject::SnapshotLocate => "recovery_snapshot_locate",
            RecoveryReject::SnapshotReference => "recovery_snapshot_reference",
            RecoveryReject::SnapshotOrder => "recovery_snapshot_order",
            RecoveryReject::SnapshotTooLarge => "recovery_snapshot_too_large",
            RecoveryReject::SnapshotTooOld => "recovery_snapshot_too_old",
            RecoveryReject::SnapshotTooNew => "recovery_snapshot_too_new",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Declares the counts with their names and units, so that none is left out of a table.
macro_rules! recovery_counts {
    ($($(#[$doc:meta])+ $field:ident $unit:literal,)+) => {
        /// Counts of recovery since its start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct RecoveryCounts {
            $($(#[$doc])+ pub $field: u64,)+
            /// What was refused, by [`RecoveryReject::index`].
            pub refused: [u64; RecoveryReject::ALL.len()],
        }

        /// Counts that have a name of their own.
        const FIELDS: usize = [$($unit),+].len();

        impl RecoveryCounts {
            /// How many values [`Self::values`] gives.
            pub const LEN: usize = FIELDS + RecoveryReject::ALL.len();

            /// Name and unit of each value, in the order of [`Self::values`].
            pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
                let own = [$((concat!("recovery_", stringify!($field)), $unit)),+];
                own.into_iter().chain(RecoveryReject::ALL.iter().map(|r| (r.name(), "refused")))
            }

            /// All values.
            pub fn values(&self) -> [u64; Self::LEN] {
                let mut values = [0; Self::LEN];
                let own = [$(self.$field),+];
                values[..FIELDS].copy_from_slice(&own);
                values[FIELDS..].copy_from_slice(&self.refused);
                values
            }
        }
    };
}

recovery_counts! {
    /// Everything that was refused, whatever for.
    refused_all "refused",
    /// Ranges that were wanted.
    ranges "ranges",
    /// Their messages; those that were missing already count once.
    wanted "messages",
    /// Ranges that hold no numbers, or an impossible one.
    absurd "ranges",
    /// Messages that were handed over.
    filled "messages",
    /// Gaps that were declared to be unfillable.
    unfillable "gaps",
    /// Gaps whose messages came another way.
    forgotten "gaps",
    /// Requests sent.
    requests "requests",
    /// Messages that they asked for.
    requested "messages",
    /// Requests that could not be sent at once.
    unsent "requests",
    /// Requests that nothing answered in time.
    timeouts "requests",
    /// Requests that were answered in part: the rest was asked for again.
    partial "requests",
    /// Datagrams that came from request servers.
    answers "packets",
    /// Their bytes.
    answer_bytes "bytes",
    /// Answers to requests that were given up or answered by others, and held something missing.
    late "packets",
    /// Packets handed to the lane.
    fills "packets",
    /// Times at which the lane's queue was full.
    fills_waited "times",
    /// Snapshots wanted.
    snapshots_wanted "snapshots",
    /// Connections begun to snapshot servers.
    connects "connections",
    /// Bytes that snapshot servers sent.
    stream_bytes "bytes",
    /// Snapshots handed over.
    snapshots "snapshots",
    /// Orders in them.
    snapshot_orders "orders",
    /// Errors of sockets that passed.
    socket_errors "errors",
    /// Wishes for a snapshot that came to nothing.
    snapshots_failed "snapshots",
}

impl RecoveryCounts {
    /// Counts something that is not taken.
    pub fn refuse(&mut self, why: RecoveryReject) {
        self.refused_all += 1;
        if let Some(count) = self.refused.get_mut(why.index()) {
            *count += 1;
        }
    }

    /// How often something was refused for that reason.
    pub fn refused(&self, why: RecoveryReject) -> u64 {
        self.refused.get(why.index()).copied().unwrap_or(0)
    }
}
