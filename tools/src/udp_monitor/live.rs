//! Listening: wait for any group, take what is there, show what is due.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::capture::Arrival;
use super::filter::Filter;
use super::group::GroupState;
use super::output::Output;
use super::socket::{BUFFER_BYTES, Listener};
use super::state::Monitor;
use super::{Args, MonitorError, interface};

/// A signal is seen this late at most.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Datagrams taken from one socket before the others have their turn.
const TURN: usize = 256;

/// Unix ns.
fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A flag that SIGINT and SIGTERM raise.
fn stop_flag() -> Result<Arc<AtomicBool>, MonitorError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|source| MonitorError::Wait { what: "signals", source })?;
    }
    Ok(stop)
}

/// Listens until a limit or a signal.
///
/// # Errors
/// [`MonitorError`].
pub fn run<W: Write>(args: &Args, output: &mut Output<W>) -> Result<(), MonitorError> {
    let stop = stop_flag()?;
    let address = interface::resolve(&args.interface)?;
    let groups = args.listen_groups();
    let mut listeners = groups
        .into_iter()
        .map(|group| Listener::open(group, address))
        .collect::<Result<Vec<Listener>, MonitorError>>()?;
    let states = listeners.iter().map(GroupState::of).collect();
    let filter = Filter::new(&args.symbols, &args.exchanges);
    let mut monitor = Monitor::new(states, filter, args.max_symbols);
    let address = address.to_string();
    let is_same = args.interface == address;
    let name = if is_same { address } else { format!("{} ({address})", args.interface) };
    output.on_interface(name);

    let began = Instant::now();
    let limit = args.limit().map(|limit| began + limit);
    let mut shown = began;
    output.view(&monitor, now_ns(), 0.0)?;
    let mut is_done = false;
    // Relaxed: the flag carries nothing but itself, raised by signal_hook's handler.
    while !is_done && !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        let due = shown + args.interval;
        if now >= due {
            monitor.tick((now - shown).as_secs_f64());
            shown = now;
            output.view(&monitor, now_ns(), (now - began).as_secs_f64())?;
        }
        if limit.is_some_and(|limit| now >= limit) {
            break;
        }
        let until = limit.map_or(due, |limit| limit.min(due)).saturating_duration_since(now);
        wait(&listeners, until.min(LONGEST_WAIT))?;
        is_done = take(&mut listeners, &mut monitor, output, args.count)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    monitor.whole(seconds);
    output.summary(&monitor, now_ns(), seconds, None)
}

fn wait(listeners: &[Listener], longest: Duration) -> Result<(), MonitorError> {
    let mut all: Vec<PollFd<'_>> =
        listeners.iter().map(|of| PollFd::new(of.as_fd(), PollFlags::POLLIN)).collect();
    // Rounded up, so that the last millisecond is not spun away.
    let millis = longest.as_millis().saturating_add(1);
    let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::ZERO);
    match poll(&mut all, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(MonitorError::Wait { what: "datagrams", source: errno.into() }),
    }
}

/// Takes what the sockets hold, in turns; true where the count asked for is reached.
fn take<W: Write>(
    listeners: &mut [Listener],
    monitor: &mut Monitor,
    output: &mut Output<W>,
    count: Option<u64>,
) -> Result<bool, MonitorError> {
    let mut buffer = [0; BUFFER_BYTES];
    let mut is_each = false;
    for (at, listener) in listeners.iter_mut().enumerate() {
        for _ in 0..TURN {
            let Some(received) = listener.receive(&mut buffer)? else { break };
            let Some(bytes) = buffer.get(..received.length) else { break };
            if let (Some(drops), Some(group)) = (received.kernel_drops, monitor.groups.get_mut(at))
            {
                group.dropped(drops);
            }
            let (group, source) = (listener.group(), received.source);
            let arrival = Arrival { group, source, at_ns: now_ns(), bytes };
            let (taken, passes) = monitor.take(&arrival);
            if passes {
                is_each |= output.each(&arrival, &taken)?;
            }
            if count.is_some_and(|count| monitor.passed >= count) {
                return Ok(true);
            }
        }
    }
    if is_each {
        output.flush()?;
    }
    Ok(false)
}
