//! The servers that a lane's gaps are filled from.

use std::path::PathBuf;

use toml::de::DeTable;

use crate::config::parse::{Named, Parser, SectionSpec, Values};
use crate::config::schema;
use crate::recover::RecoverySpec;

/// Most servers of one kind.
const SERVERS_MAX: usize = 16;

/// What a lane's recovery has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverySection {
    /// Servers of retransmissions, `HOST:PORT`.
    pub requests: Vec<String>,
    /// Servers of snapshots, `HOST:PORT`.
    pub snapshots: Vec<String>,
    /// Name for the login at snapshot servers.
    pub user: String,
    /// File that holds the password for it.
    pub password_file: Option<PathBuf>,
    /// Messages that the lane keeps while a gap is open.
    pub keep: u32,
    /// Limits; how many servers there are is the lists' to say, and the login is not read yet.
    pub limits: RecoverySpec,
}

/// Reads `[lane.NAME.recovery]`; `None` where a lane has none.
pub fn recovery(parser: &mut Parser, lane: &Named<'_, '_>) -> Option<RecoverySection> {
    let (table, line): (&DeTable<'_>, usize) = parser.table(lane.table, "recovery")?;
    let title = format!("[lane.{}.recovery]", lane.name);
    let values = parser.section(
        table,
        &SectionSpec {
            title: &title,
            prefix: &format!("lane.{}.recovery.", lane.name),
            line,
            keys: &schema::RECOVERY,
            tables: &[],
        },
    );
    let requests = servers(parser, &title, &values, "requests");
    let snapshots = servers(parser, &title, &values, "snapshots");
    if values.list("requests").is_empty() && values.list("snapshots").is_empty() {
        let text = format!(
            "{title} has no server; add requests = [\"HOST:PORT\"] or snapshots = \
             [\"HOST:PORT\"], or remove the section"
        );
        parser.problem(line, text);
    }
    let agree = values.number::<usize>("agree");
    if agree > requests.len() && !requests.is_empty() {
        let text = format!(
            "agree = {agree} in {title}, and there are {} request servers: they could never agree",
            requests.len()
        );
        parser.problem(values.line_of("agree"), text);
    }
    let user = values.text("user").unwrap_or_default().to_owned();
    if user.len() > 6 || !user.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let text = format!(
            "user \"{user}\" in {title}: a name of this venue is up to 6 letters and digits"
        );
        parser.problem(values.line_of("user"), text);
    }
    Some(RecoverySection {
        requests,
        snapshots,
        user,
        password_file: values.text("password_file").map(PathBuf::from),
        keep: values.number("keep"),
        limits: limits(&values),
    })
}

fn limits(values: &Values) -> RecoverySpec {
    let millis = |key| values.number::<u64>(key).saturating_mul(1_000_000);
    RecoverySpec {
        timeout_ns: millis("timeout_ms"),
        tries: values.number("tries"),
        agree: values.number("agree"),
        rate: values.number("rate"),
        burst: values.number("burst"),
        in_flight: values.number("in_flight"),
        max_count: values.number("max_count"),
        max_request: values.number("max_request"),
        snapshot_timeout_ns: millis("snapshot_timeout_ms"),
        backoff_ns: millis("backoff_ms"),
        ..RecoverySpec::default()
    }
}

/// Servers by name or address; names are looked up when the handler starts.
fn servers(parser: &mut Parser, title: &str, values: &Values, key: &str) -> Vec<String> {
    let mut servers: Vec<String> = Vec::new();
    for (server, line) in values.list(key) {
        let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let port = port.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|&port| port > 0);
        if port.is_none() || server.contains(char::is_whitespace) {
            let text = format!(
                "server \"{server}\" in {title} is no host and port; write for example \
                 \"10.0.0.9:17000\""
            );
            parser.problem(*line, text);
        } else if servers.contains(server) {
            let text = format!("server \"{server}\" in {title} is listed twice; remove one");
            parser.problem(*line, text);
        } else if servers.len() == SERVERS_MAX {
            let text = format!("{key} in {title} has more than {SERVERS_MAX}; remove the others");
            parser.problem(*line, text);
        } else {
            servers.push(server.clone());
        }
    }
    servers
}
