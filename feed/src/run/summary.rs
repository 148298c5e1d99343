//! What came of a run: text for people, one JSON object for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::publish::multicast::PublisherReport;
use crate::replay::Report;
use crate::run::body::LaneBody;
use crate::run::source::SourceEnd;

/// A core at its end.
#[derive(Clone, Debug, Serialize)]
pub struct CoreSummary {
    /// Name of its section.
    pub name: String,
    /// Processor that it was pinned to.
    pub cpu: Option<usize>,
    /// How it polled, and why.
    pub polling: String,
    /// Rounds through its lanes.
    pub rounds: u64,
    /// Rounds that found packets.
    pub found: u64,
}

/// A lane at its end.
#[derive(Clone, Debug, Serialize)]
pub struct LaneSummary {
    /// Name of its section.
    pub name: String,
    /// Its venue, the name under which consumers find it.
    pub venue: &'static str,
    /// As a replay tells it.
    pub report: Report,
    /// What its source came to.
    pub source: SourceEnd,
    /// Every counter that is not zero, by the name that it has in shared memory.
    pub counters: BTreeMap<&'static str, u64>,
}

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the instance.
    pub instance: String,
    /// The configuration.
    pub config: String,
    /// What the data was called at most.
    pub environment: &'static str,
    /// Time from the first poll to the last, s.
    pub elapsed_s: f64,
    /// What ended it: `signal` or `time`.
    pub ended_by: &'static str,
    /// Version of the configuration: 1, and one more with each reload.
    pub config_version: u64,
    /// Cores.
    pub cores: Vec<CoreSummary>,
    /// Lanes.
    pub lanes: Vec<LaneSummary>,
    /// What was sent as multicast datagrams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<PublisherReport>,
}

impl LaneSummary {
    /// Reads a lane at its end.
    pub fn of(body: &LaneBody, elapsed_s: f64, polling: &str) -> LaneSummary {
        let counts = &body.lane.publisher.counts;
        let mut report = Report::of(&body.lane, Vec::new());
        report.elapsed_s = elapsed_s;
        let messages = counts.messages_total() as f64;
        report.rate = if elapsed_s > 0.0 { messages / elapsed_s } else { 0.0 };
        report.polls = counts.polls;
        report.longest_poll_ns = counts.poll_longest_ns;
        polling.clone_into(&mut report.polling);
        let named = counts.named().filter(|&(_, _, value)| value > 0);
        LaneSummary {
            name: body.name.clone(),
            venue: body.lane.venue.market().venue().name(),
            report,
            source: SourceEnd::default(),
            counters: named.map(|(name, _, value)| (name, value)).collect(),
        }
    }

    fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    fn to_text(&self) -> String {
        let report = &self.report;
        let messages: u64 = report.messages.values().sum();
        let not_live = if report.nature == "live" {
            String::new()
        } else {
            format!("   NOT LIVE: {}", report.nature)
        };
        let mut out = format!(
            "lane {} ({}){not_live}\n  {messages} messages in {} packets, sessions {}, \
             instruments {}\n  gaps {} ({} messages missing), copies {}, unknown references {}, \
             crossed {}\n  longest poll {} us, {} polls over 1 ms\n  tables {} MiB, of which {} \
             on pages of 2 MiB\n",
            self.name,
            self.venue,
            report.packets,
            report.sessions,
            report.instruments.len(),
            report.gaps,
            report.missing,
            report.copies,
            report.unknown_references,
            report.crossed,
            report.longest_poll_ns / 1_000,
            self.counter("poll_breaches"),
            report.pages.bytes >> 20,
            report.pages.huge_bytes >> 20,
        );
        out.push_str(&self.recovery_text());
        for (at, letter) in ('A'..='H').enumerate() {
            if let Some(line) = self.line_text(at + 1, letter) {
                out.push_str(&line);
            }
        }
        for (name, count) in &report.errors {
            out.push_str(&format!("  refused {count}: {name}\n"));
        }
        out.push_str(&self.source_text());
        out
    }

    /// What came back of what was missing; nothing where nothing was.
    fn recovery_text(&self) -> String {
        let value = |what: &str| self.counter(what);
        if value("messages_missed") == 0 && value("repair_snapshots_wanted") == 0 {
            return String::new();
        }
        format!(
            "  recovered {} from servers, {} late on a line; {} requests, {} without an answer, {} \
             answers refused; {} snapshots; {} gaps open\n",
            value("repair_filled"),
            value("repair_late"),
            value("recovery_requests"),
            value("recovery_timeouts"),
            value("recovery_refused_all"),
            value("repair_snapshots"),
            value("gaps_open"),
        )
    }

    fn source_text(&self) -> String {
        let mut out = String::new();
        if let Some(recorded) = &self.source.recorded {
            let error = recorded.error.as_deref().map_or_else(String::new, |e| format!("; {e}"));
            out.push_str(&format!(
                "  recorded {} packets, {} not{error}\n",
                recorded.written,
                recorded.missed + recorded.unwritten
            ));
        }
        if let Some(damage) = &self.source.damage {
            out.push_str(&format!(
                "  DAMAGED on purpose: dropped {}, duplicated {}, reordered {}, corrupted {}, \
                 delayed {}\n",
                damage.dropped,
                damage.duplicated,
                damage.reordered,
                damage.corrupted,
                damage.delayed
            ));
        }
        out
    }

    /// A line of which anything was counted.
    fn line_text(&self, number: usize, letter: char) -> Option<String> {
        let value = |what: &str| self.counter(&format!("line{number}.{what}"));
        (value("packets") > 0 || value("downs") > 0).then(|| {
            format!(
                "  line {letter}: packets {}, first {}, copies {}, missed {}, late {}, diverged \
                 {}, kernel drops {}, down {} times\n",
                value("packets"),
                value("won"),
                value("copied"),
                value("missed"),
                value("late"),
                value("diverged"),
                value("kernel_drops"),
                value("downs"),
            )
        })
    }
}

impl Summary {
    /// The summary as text for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "instance {} ran for {:.3} s, ended by {}\n",
            self.instance, self.elapsed_s, self.ended_by
        );
        for core in &self.cores {
            let cpu = core.cpu.map_or_else(|| "not pinned".to_owned(), |cpu| format!("cpu {cpu}"));
            out.push_str(&format!(
                "core {} ({cpu}, {}): {} rounds, {} found packets\n",
                core.name, core.polling, core.rounds, core.found
            ));
        }
        for lane in &self.lanes {
            out.push_str(&lane.to_text());
        }
        if let Some(publisher) = &self.publisher {
            out.push_str(&publisher.to_text());
        }
        out
    }
}
