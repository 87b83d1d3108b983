//! What came of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

use crate::client::Answer;

/// A row for each size and one for all.
pub(crate) fn of(answers: &[Answer], clients: usize, time: Duration) -> String {
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut clonotypes = 0;
    for answer in answers {
        *statuses.entry(answer.status).or_default() += 1;
        if answer.status == 200 {
            times.entry(answer.clonotypes).or_default().push(answer.time.as_secs_f64() * 1e3);
            clonotypes += answer.clonotypes;
        }
    }
    let mut text =
        format!("{clients} clients, {} s; answers by status: {statuses:?}\n", time.as_secs());
    text += "| clonotypes | answers | p50 ms | p95 ms | p99 ms | most ms |\n|---|---|---|---|---|---|\n";
    let all: Vec<f64> = times.values().flatten().copied().collect();
    for (size, times) in &mut times {
        text += &row(&size.to_string(), times);
    }
    let number = all.len() as f64;
    text += &row("all", &mut { all });
    let seconds = time.as_secs_f64();
    text + &format!(
        "throughput: {:.1} requests/s, {:.0} clonotypes/s",
        number / seconds,
        clonotypes as f64 / seconds
    )
}

fn row(name: &str, times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * times.len() as f64) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    };
    format!(
        "| {name} | {} | {:.0} | {:.0} | {:.0} | {:.0} |\n",
        times.len(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    )
}

/// The largest memory of a process so far, in kilobytes.
pub(crate) fn largest_memory(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other("no VmHWM"))
}
