//! The top level and the cores.

use std::path::PathBuf;

use toml::de::DeTable;

use crate::config::environment::{self, Environment};
use crate::config::parse::{Parser, SectionSpec, Values};
use crate::config::schema;

/// What the data may be called at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataNature {
    /// Live, if it comes from outside of this host.
    Production,
    /// A recording.
    Recorded,
    /// Made up.
    Simulated,
}

impl DataNature {
    fn from_word(word: &str) -> DataNature {
        match word {
            "production" => DataNature::Production,
            "recorded" => DataNature::Recorded,
            _ => DataNature::Simulated,
        }
    }

    /// As the file says it.
    pub const fn word(self) -> &'static str {
        match self {
            DataNature::Production => "production",
            DataNature::Recorded => "recorded",
            DataNature::Simulated => "simulated",
        }
    }
}

/// How a core is to poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollChoice {
    /// Busy where every spinning thread has a processor.
    Auto,
    /// Never a break.
    Busy,
    /// Breaks that grow while nothing comes.
    Backoff,
}

/// A polling thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreConfig {
    /// Name of its section.
    pub name: String,
    /// Processor that it is pinned to.
    pub cpu: Option<usize>,
    /// How it polls.
    pub poll: PollChoice,
    /// Whether the process's memory is locked.
    pub lock_memory: bool,
}

/// What the top level says, with the variables that go before it.
pub struct Head {
    /// Name of the instance.
    pub instance: String,
    /// What the data may be called at most.
    pub environment: DataNature,
    /// Directory under which instances live.
    pub shm_root: PathBuf,
    /// Group that may attach.
    pub gid: Option<u32>,
    /// Only the first symbols of each lane.
    pub limited: bool,
}

/// Reads the top level.
pub fn head(parser: &mut Parser, top: &Values, environment: &Environment) -> Head {
    let instance = top.text("instance").unwrap_or_default().to_owned();
    if let Err(error) = shm::paths::check_name("instance", &instance) {
        parser.problem(top.line_of("instance"), format!("instance: {error}"));
    }
    let mut shm_root = PathBuf::from(top.text("shm").unwrap_or_default());
    if let Some(root) = &environment.shm {
        shm_root.clone_from(root);
        parser.overridden("shm", format!("\"{}\"", root.display()), environment::SHM);
    }
    let limited = match environment.limited.as_deref() {
        Some("true" | "1") => true,
        None | Some("false" | "0") => false,
        Some(other) => {
            let name = environment::LIMITED;
            parser.problem(0, format!("environment {name}={other}: write {name}=true or unset it"));
            false
        }
    };
    if limited {
        let shown = format!("true (first {} symbols of each lane)", environment::LIMITED_SYMBOLS);
        parser.overridden("limited", shown, environment::LIMITED);
    }
    Head {
        instance,
        environment: DataNature::from_word(top.text("environment").unwrap_or_default()),
        shm_root,
        gid: top.integer("gid").and_then(|gid| u32::try_from(gid).ok()),
        limited,
    }
}

/// Reads `[core.NAME]`; without any, one thread that the scheduler places.
pub fn cores(parser: &mut Parser, document: &DeTable<'_>) -> Vec<CoreConfig> {
    let mut cores: Vec<CoreConfig> = Vec::new();
    for section in parser.named(document, "core") {
        let title = format!("[core.{}]", section.name);
        let values = parser.section(
            section.table,
            &SectionSpec {
                title: &title,
                prefix: &format!("core.{}.", section.name),
                line: section.line,
                keys: &schema::CORE,
                tables: &[],
            },
        );
        let core = core(&section.name, &values);
        if let Some(other) = cores.iter().find(|c| core.cpu.is_some() && c.cpu == core.cpu) {
            let text = format!(
                "cpu {} is [core.{}]'s already; give each core its own processor, or put its \
                 lanes on one core",
                core.cpu.unwrap_or_default(),
                other.name
            );
            parser.problem(values.line_of("cpu"), text);
        }
        cores.push(core);
    }
    if cores.is_empty() {
        let table = DeTable::new();
        let spec = SectionSpec {
            title: "[core.0]",
            prefix: "core.0.",
            line: 0,
            keys: &schema::CORE,
            tables: &[],
        };
        let values = parser.section(&table, &spec);
        cores.push(core("0", &values));
    }
    cores
}

fn core(name: &str, values: &Values) -> CoreConfig {
    CoreConfig {
        name: name.to_owned(),
        cpu: values.integer("cpu").and_then(|cpu| usize::try_from(cpu).ok()),
        poll: match values.text("poll") {
            Some("busy") => PollChoice::Busy,
            Some("backoff") => PollChoice::Backoff,
            _ => PollChoice::Auto,
        },
        lock_memory: values.flag("lock_memory"),
    }
}
