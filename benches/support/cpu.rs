//! CPU seconds of processes and of the whole machine, from `/proc`. All values are 0 on systems other than Linux.

/// The time unit of `/proc`: `USER_HZ`, which is 100 on all supported architectures.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of this process so far, in seconds.
pub(crate) fn own_s() -> f64 {
    times("self").map_or(0.0, |times| times.own)
}

/// Time that the cores of the machine were not idle so far, in seconds, summed over all cores.
pub(crate) fn machine_s() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6].map(|field| ticks.get(field).copied().unwrap_or(0.0));
    busy.iter().sum::<f64>() / TICKS_PER_SECOND
}

/// CPU time of the Postgres server whose backend has this process id, in seconds.
///
/// It includes the postmaster, its running children and its ended children.
///
/// Returns `None` if the process is not visible, e.g. because Postgres runs on another machine or in a container.
pub(crate) fn postgres_s(backend: i64) -> Option<f64> {
    let backend = times(&backend.to_string()).filter(|times| times.name == "postgres")?;
    let postmaster = times(&backend.parent).filter(|times| times.name == "postgres")?;
    let running = std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| times(entry.file_name().to_str()?))
        .filter(|times| times.parent == backend.parent)
        .map(|times| times.own)
        .sum::<f64>();
    Some(postmaster.own + postmaster.ended_children + running)
}

struct Times {
    name: String,
    parent: String,
    own: f64,
    ended_children: f64,
}

/// Reads `/proc/<process>/stat`. The process name in it may contain blanks and parentheses.
fn times(process: &str) -> Option<Times> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (before, after) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let seconds = |field: usize| Some(fields.get(field)?.parse::<f64>().ok()? / TICKS_PER_SECOND);
    Some(Times {
        name: name.to_owned(),
        parent: (*fields.get(1)?).to_owned(),
        own: seconds(11)? + seconds(12)?,
        ended_children: seconds(13)? + seconds(14)?,
    })
}
