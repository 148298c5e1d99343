//! Recovery as a machine without I/O: time, datagrams and streams come in, requests go out.
//!
//! Whoever runs it polls it after the lane, when [`Recovery::deadline`] is due, and every so often
//! beside: wishes of the lane have no deadline.

use std::collections::VecDeque;
use std::ops::Range;

use protocol::frame::moldudp64::{MoldPacket, MoldRequest};

use super::answer;
use super::counts::{RecoveryCounts, RecoveryReject};
use super::mail::{Fill, News, RecoveryEnd, SessionName, Unfillable, Want};
use super::ranges::{Missing, Piece, bit};
use super::rate::Rate;
use super::requests::{Request, Requests};
use super::snapshot_client::SnapshotClient;
use super::spec::{Network, RecoverySpec, StreamEvent};
use super::votes::Votes;

/// Gaps that are looked after at a time; the lane's further wishes wait in their queue.
const GAPS_MAX: usize = 1 << 16;
/// Pause after something could not be handed over or sent, ns.
const RETRY_NS: u64 = 200_000;

/// Recovery of one lane.
pub struct Recovery {
    spec: RecoverySpec,
    end: RecoveryEnd,
    session: Option<SessionName>,
    missing: Missing,
    requests: Requests,
    votes: Votes,
    rate: Rate,
    snapshot: SnapshotClient,
    fills: VecDeque<Fill>,
    news: VecDeque<News>,
    /// Nothing is sent before; the network said no.
    send_at: u64,
    /// The last poll.
    polled: u64,
    counts: RecoveryCounts,
}

impl Recovery {
    /// Recovery with these servers and limits, on its end of the queues.
    pub fn new(spec: RecoverySpec, end: RecoveryEnd) -> Recovery {
        Recovery {
            requests: Requests::new(spec.request_servers, spec.in_flight, spec.timeout_ns),
            rate: Rate::new(spec.rate, spec.burst),
            snapshot: SnapshotClient::new(&spec),
            session: None,
            missing: Missing::default(),
            votes: Votes::default(),
            fills: VecDeque::new(),
            news: VecDeque::new(),
            send_at: 0,
            polled: 0,
            counts: RecoveryCounts::default(),
            spec,
            end,
        }
    }

    /// Takes what the lane wants, gives up what is due, hands over what waits and asks for what is
    /// missing. `now`: ns UTC.
    pub fn poll(&mut self, now: u64, net: &mut impl Network) {
        self.polled = now;
        while self.end.used.pop().is_ok() {}
        while self.missing.gaps() < GAPS_MAX
            && let Ok(want) = self.end.wants.pop()
        {
            self.want(want, net);
        }
        while let Some(request) = self.requests.take_due(now) {
            self.give_up(&request);
        }
        self.snapshot.poll(now, net, &mut self.counts);
        self.deliver();
        while self.fills.is_empty() && self.ask(now, net) {}
    }

    /// Takes a datagram of a request server. `now`: when it was received, ns UTC.
    pub fn datagram(&mut self, server: u8, bytes: &[u8], now: u64) {
        self.counts.answers += 1;
        self.counts.answer_bytes += bytes.len() as u64;
        if let Err(why) = self.answer(server, bytes, now) {
            self.counts.refuse(why);
            // One that comes twice says nothing against its server.
            if why != RecoveryReject::AnswerDuplicate {
                self.requests.refused(server);
            }
        }
        self.deliver();
    }

    /// Takes what happened to the connection to a snapshot server.
    pub fn stream(&mut self, event: StreamEvent<'_>, now: u64, net: &mut impl Network) {
        self.snapshot.event(event, now, net, &mut self.counts);
        self.deliver();
    }

    /// When the next poll is due at the latest, ns UTC; `u64::MAX`: never, by itself.
    pub fn deadline(&self) -> u64 {
        let mut deadline = self.requests.deadline().min(self.snapshot.deadline());
        if !self.fills.is_empty() || !self.news.is_empty() {
            deadline = deadline.min(self.polled.saturating_add(RETRY_NS));
        }
        if self.fills.is_empty() && !self.requests.is_full() && self.next_range().is_some() {
            deadline = deadline.min(self.rate.ready_at().max(self.send_at));
        }
        deadline
    }

    /// What was counted.
    pub fn counts(&self) -> &RecoveryCounts {
        &self.counts
    }

    /// Notes how many errors its sockets had, for the counts to be in one place.
    pub fn set_socket_errors(&mut self, errors: u64) {
        self.counts.socket_errors = errors;
    }

    fn want(&mut self, want: Want, net: &mut impl Network) {
        match want {
            Want::Session { session } => self.enter(session, net),
            Want::Forget { gap } => {
                if let Some(range) = self.missing.forget(gap) {
                    self.counts.forgotten += 1;
                    self.votes.forget(range);
                    self.drop_requests();
                }
            }
            Want::Range { gap, session, first, end } => {
                if self.session != Some(session) {
                    self.enter(session, net);
                }
                self.want_range(gap, first..end);
            }
            Want::Snapshot { session, from } => {
                if self.session != Some(session) {
                    self.enter(session, net);
                }
                self.counts.snapshots_wanted += 1;
                if !self.snapshot.want(session, from) {
                    self.counts.snapshots_failed += 1;
                    self.news.push_back(News::NoSnapshot { why: Unfillable::NoServer });
                }
            }
        }
    }

    /// Numbers of another session: nothing that was wanted is wanted any more.
    fn enter(&mut self, session: SessionName, net: &mut impl Network) {
        self.session = Some(session);
        self.missing.clear();
        self.votes.clear();
        self.requests.clear();
        self.fills.clear();
        self.news.clear();
        self.snapshot.abandon(net);
    }

    fn want_range(&mut self, gap: u32, range: Range<u64>) {
        self.counts.ranges += 1;
        // The first message of a session is number 1.
        if range.is_empty() || range.start == 0 {
            self.counts.absurd += 1;
            return;
        }
        let count = range.end - range.start;
        self.counts.wanted = self.counts.wanted.saturating_add(count);
        let why = match (self.requests.servers(), count > self.spec.max_request) {
            (0, _) => Some(Unfillable::NoServer),
            (_, true) => Some(Unfillable::TooLarge),
            _ => None,
        };
        match why {
            Some(why) => self.declare(gap, why),
            None => self.missing.insert(gap, range),
        }
    }

    fn declare(&mut self, gap: u32, why: Unfillable) {
        self.counts.unfillable += 1;
        if let Some(range) = self.missing.forget(gap) {
            self.votes.forget(range);
        }
        self.news.push_back(News::Unfillable { gap, why });
    }

    fn drop_requests(&mut self) {
        let missing = &self.missing;
        self.requests.retain(|range, server| missing.any_unsaid(range, server));
    }

    /// A request came to nothing, or to a part.
    fn give_up(&mut self, request: &Request) {
        let most = u16::from(self.spec.tries.max(1)) * self.requests.servers().min(255) as u16;
        let mut hopeless: Vec<(u32, bool)> = Vec::new();
        for piece in self.missing.pieces_mut(request.range()) {
            piece.failed = if request.progress { 0 } else { piece.failed.saturating_add(1) };
            piece.refused |= request.refused;
            if piece.failed >= most && hopeless.last().is_none_or(|last| last.0 != piece.gap) {
                hopeless.push((piece.gap, piece.refused));
            }
        }
        if request.progress {
            self.counts.partial += 1;
        } else {
            self.counts.timeouts += 1;
        }
        for &(gap, refused) in &hopeless {
            self.declare(gap, if refused { Unfillable::Refused } else { Unfillable::NoAnswer });
        }
        if !hopeless.is_empty() {
            self.drop_requests();
        }
    }

    fn answer(&mut self, server: u8, bytes: &[u8], now: u64) -> Result<(), RecoveryReject> {
        if usize::from(server) >= self.requests.servers() {
            return Err(RecoveryReject::UnknownServer);
        }
        let session = self.session.ok_or(RecoveryReject::AnswerUnasked)?;
        let packet = answer::read(bytes, session)?;
        let range = packet.sequence..packet.next_sequence();
        let asked = answer::join(self.requests.asked(server, &range));
        if asked.is_empty() {
            return Err(RecoveryReject::AnswerUnasked);
        }
        // What goes beyond what was asked is not believed; the rest of the packet is.
        let beyond = asked.len() > 1 || asked.first() != Some(&range);
        let runs: Vec<_> =
            answer::join(asked.into_iter().flat_map(|part| self.missing.runs(part)).collect());
        if runs.is_empty() {
            return Err(RecoveryReject::AnswerDuplicate);
        }
        if !self.requests.waits_for(server, &range) {
            self.counts.late += 1;
        }
        if beyond {
            self.counts.refuse(RecoveryReject::AnswerUnasked);
        }
        let runs = match self.spec.agree {
            0 | 1 => runs,
            enough => self.agreed(&packet, &runs, server, enough),
        };
        let fills = &mut self.fills;
        answer::pack(&packet, &runs, now, |fill| fills.push_back(fill));
        for run in runs {
            self.counts.filled += run.end - run.start;
            self.missing.remove(run);
        }
        self.requests.answered(server, &range, now);
        self.give_up_disagreed(range);
        self.drop_requests();
        Ok(())
    }

    /// What of an answer enough servers agree on; of the rest it is noted that this one said it.
    fn agreed(
        &mut self,
        packet: &MoldPacket<'_>,
        runs: &[Range<u64>],
        server: u8,
        enough: u8,
    ) -> Vec<Range<u64>> {
        let voted = self.votes.vote(packet, runs, server, enough);
        if voted.disagreed > 0 {
            self.counts.refuse(RecoveryReject::AnswerDisagrees);
        }
        for run in runs {
            self.missing.pieces_mut(run.clone()).for_each(|piece| piece.said |= bit(server));
        }
        voted.agreed
    }

    /// Gives up what every server has said something about, and not enough of them the same.
    fn give_up_disagreed(&mut self, range: Range<u64>) {
        if self.spec.agree <= 1 {
            return;
        }
        let servers = self.requests.servers() as u32;
        let hopeless = |piece: &&mut Piece| piece.said.count_ones() >= servers;
        let mut gaps: Vec<u32> =
            self.missing.pieces_mut(range).filter(hopeless).map(|piece| piece.gap).collect();
        gaps.dedup();
        gaps.iter().for_each(|&gap| self.declare(gap, Unfillable::Refused));
    }

    /// Hands over what waits, as far as there is room.
    fn deliver(&mut self) {
        while let Some(fill) = self.fills.pop_front() {
            if let Err(rtrb::PushError::Full(fill)) = self.end.fills.push(fill) {
                self.counts.fills_waited += 1;
                self.fills.push_front(fill);
                break;
            }
            self.counts.fills += 1;
        }
        // A gap is declared unfillable only when all that was filled of it is with the lane.
        if !self.fills.is_empty() {
            return;
        }
        if let Some(news) = self.snapshot.take_news() {
            self.news.push_back(news);
        }
        while let Some(news) = self.news.pop_front() {
            if let Err(rtrb::PushError::Full(news)) = self.end.news.push(news) {
                self.news.push_front(news);
                break;
            }
        }
    }

    /// The next numbers to ask for: the lowest ones that no request waits for, with what else is
    /// missing close behind them.
    fn next_range(&self) -> Option<(Range<u64>, Piece)> {
        let mut at = 0;
        let (first, piece) = loop {
            let (first, piece) = self.missing.from(at)?;
            match self.requests.covering(first) {
                Some(request) => at = request.end,
                None => break (first, piece),
            }
        };
        let most = u64::from(self.spec.max_count.clamp(1, MOST_COUNT));
        let limit = first.saturating_add(most);
        let limit = self.requests.next_covered(first).map_or(limit, |next| limit.min(next));
        let mut end = piece.end.min(limit);
        // A request costs as much for one message as for many: gaps that lie close are one.
        while let Some((next, other)) = self.missing.from(end)
            && next < limit
            && next - end <= most / HOLE_PART
            && other.said == piece.said
        {
            end = other.end.min(limit);
        }
        Some((first..end, piece))
    }

    /// Sends one request, if one is to be sent and may be.
    fn ask(&mut self, now: u64, net: &mut impl Network) -> bool {
        if self.requests.is_full() || now < self.send_at || !self.rate.is_ready(now) {
            return false;
        }
        let Some(session) = self.session else { return false };
        let Some((range, piece)) = self.next_range() else { return false };
        let server = self.requests.choose(piece.server, piece.said, now);
        let Some(server) = server else { return false };
        let count = (range.end - range.start) as u16;
        let request = MoldRequest { session, sequence: range.start, count };
        if !net.request(server, &request.encode()) {
            self.counts.unsent += 1;
            self.send_at = now.saturating_add(RETRY_NS);
            return false;
        }
        self.rate.take(now);
        self.counts.requests += 1;
        self.counts.requested += u64::from(count);
        self.missing.pieces_mut(range.clone()).for_each(|piece| piece.server = server);
        self.requests.sent(server, range, now);
        true
    }
}

/// Part of a request that may be numbers which are not missing, so that gaps which lie close to
/// each other are asked for at once.
const HOLE_PART: u64 = 4;
/// What the 16 bits of a request's count can say; 65,535 is no count in an answer.
const MOST_COUNT: u16 = 65_534;
