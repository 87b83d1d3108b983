//! What Prometheus asks for, in its text format, version 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Millis;
use crate::engine::Kind;
use crate::store::{End, State};

/// Upper limits of the histogram of job durations, in seconds.
const SECONDS: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Requests by the first digit of their status, from 1 to 5.
    statuses: [AtomicU64; 5],
    uploaded: AtomicU64,
    kinds: [OfKind; 2],
}

/// Jobs of a kind that have ended.
#[derive(Debug, Default)]
struct OfKind {
    done: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    /// Those within each limit and not within the one before; the last is beyond all.
    within: [AtomicU64; SECONDS.len() + 1],
    millis: AtomicU64,
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn request(&self, status: u16) {
        if let Some(counter) = self.statuses.get(usize::from(status / 100).wrapping_sub(1)) {
            add(counter, 1);
        }
    }

    /// Bytes arrived.
    pub(crate) fn uploaded(&self, bytes: u64) {
        add(&self.uploaded, bytes);
    }

    /// A job ended after so long.
    pub(crate) fn job(&self, kind: Kind, end: &End, millis: Millis) {
        let own = &self.kinds[kind as usize];
        match end {
            End::Done { .. } => add(&own.done, 1),
            End::Failed(_) => add(&own.failed, 1),
            End::Cancelled => add(&own.cancelled, 1),
            End::Requeued => return,
        }
        let millis = u64::try_from(millis).unwrap_or(0);
        let seconds = millis as f64 / 1000.0;
        let place = SECONDS.iter().position(|limit| seconds <= *limit).unwrap_or(SECONDS.len());
        add(&own.within[place], 1);
        add(&own.millis, millis);
    }

    /// Mean seconds of a job, for those who ask when to come again.
    pub(crate) fn mean_seconds(&self) -> f64 {
        let all = |of: fn(&OfKind) -> u64| self.kinds.iter().map(of).sum::<u64>() as f64;
        let jobs = all(|own| own.within.iter().map(get).sum());
        if jobs > 0.0 { all(|own| get(&own.millis)) / 1000.0 / jobs } else { 1.0 }
    }

    /// All of it as text, with the `jobs` that the store has in each state.
    pub(crate) fn text(&self, jobs: &[(State, u64)], workers: usize) -> String {
        let mut out = String::new();
        head(
            &mut out,
            "reperio_http_requests_total",
            "counter",
            "Requests answered, by class of status.",
        );
        for (i, counter) in self.statuses.iter().enumerate() {
            line(
                &mut out,
                &format!("reperio_http_requests_total{{class=\"{}xx\"}}", i + 1),
                get(counter),
            );
        }
        head(&mut out, "reperio_uploaded_bytes_total", "counter", "Bytes of accepted uploads.");
        line(&mut out, "reperio_uploaded_bytes_total", get(&self.uploaded));
        head(&mut out, "reperio_jobs", "gauge", "Jobs in the store, by state.");
        for (state, n) in jobs {
            line(&mut out, &format!("reperio_jobs{{state=\"{}\"}}", state.name()), *n);
        }
        head(&mut out, "reperio_workers", "gauge", "Jobs that can run at once.");
        line(&mut out, "reperio_workers", workers as u64);
        head(&mut out, "reperio_jobs_ended_total", "counter", "Jobs ended since the start.");
        for kind in Kind::ALL {
            let own = &self.kinds[kind as usize];
            for (end, n) in
                [("done", &own.done), ("failed", &own.failed), ("cancelled", &own.cancelled)]
            {
                let name =
                    format!("reperio_jobs_ended_total{{kind=\"{}\",end=\"{end}\"}}", kind.name());
                line(&mut out, &name, get(n));
            }
        }
        head(&mut out, "reperio_job_seconds", "histogram", "Time that jobs ran.");
        for kind in Kind::ALL {
            self.kinds[kind as usize].histogram(&mut out, kind.name());
        }
        out
    }
}

impl OfKind {
    fn histogram(&self, out: &mut String, kind: &str) {
        let mut sum = 0;
        let limits = SECONDS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (limit, n) in limits.zip(&self.within) {
            sum += get(n);
            line(
                out,
                &format!("reperio_job_seconds_bucket{{kind=\"{kind}\",le=\"{limit}\"}}"),
                sum,
            );
        }
        let seconds = get(&self.millis) as f64 / 1000.0;
        let _ = writeln!(out, "reperio_job_seconds_sum{{kind=\"{kind}\"}} {seconds}");
        line(out, &format!("reperio_job_seconds_count{{kind=\"{kind}\"}}"), sum);
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn line(out: &mut String, name: &str, value: u64) {
    let _ = writeln!(out, "{name} {value}");
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_add_up() {
        let metrics = Metrics::default();
        for status in [200, 202, 404, 500, 0, 999] {
            metrics.request(status);
        }
        metrics.job(Kind::Score, &End::Done { files: Vec::new(), warnings: Vec::new() }, 250);
        metrics.job(Kind::Score, &End::Failed(String::new()), 5_000_000);
        metrics.job(Kind::Score, &End::Requeued, 1);
        let text = metrics.text(&[(State::Queued, 3)], 2);
        for line in [
            "reperio_http_requests_total{class=\"2xx\"} 2",
            "reperio_http_requests_total{class=\"5xx\"} 1",
            "reperio_jobs{state=\"queued\"} 3",
            "reperio_jobs_ended_total{kind=\"score\",end=\"failed\"} 1",
            "reperio_job_seconds_bucket{kind=\"score\",le=\"0.1\"} 0",
            "reperio_job_seconds_bucket{kind=\"score\",le=\"0.3\"} 1",
            "reperio_job_seconds_bucket{kind=\"score\",le=\"+Inf\"} 2",
            "reperio_job_seconds_sum{kind=\"score\"} 5000.25",
            "reperio_job_seconds_count{kind=\"score\"} 2",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} not in\n{text}");
        }
        assert!((metrics.mean_seconds() - 2500.125).abs() < 1e-9);
    }
}
