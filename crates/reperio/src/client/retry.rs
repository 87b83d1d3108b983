//! Trying again what a moment of trouble stopped.

use std::thread;
use std::time::{Duration, Instant};

use reperio_data::progress::Observer;

use super::error::ClientError;

/// Pauses between the tries, where the server does not ask for others.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How often a pause looks for a signal.
const TICK: Duration = Duration::from_millis(25);

/// Calls `attempt` until it succeeds or fails for good.
pub(super) fn until_it_passes<T>(
    observer: &dyn Observer,
    mut attempt: impl FnMut() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    for pause in PAUSES {
        let err = match attempt() {
            Ok(done) => return Ok(done),
            Err(err) => err,
        };
        let Some(pause) = err.passes_after(pause) else { return Err(err) };
        let seconds = pause.as_secs_f64();
        tracing::warn!("{:#}; trying again in {seconds:.1} s", anyhow::Error::from(err));
        rest(pause, observer)?;
    }
    attempt()
}

/// Waits, unless the person asks to stop.
pub(super) fn rest(pause: Duration, observer: &dyn Observer) -> Result<(), ClientError> {
    let since = Instant::now();
    loop {
        if observer.cancelled() {
            return Err(ClientError::Stopped);
        }
        let Some(left) = pause.checked_sub(since.elapsed()) else { return Ok(()) };
        thread::sleep(TICK.min(left));
    }
}

#[cfg(test)]
mod tests {
    use reperio_data::progress::Silent;

    use super::super::error::Problem;
    use super::*;

    fn busy() -> ClientError {
        let detail = "the queue is full".to_owned();
        ClientError::Refused(Problem { status: 429, detail, retry_after: Some(0) })
    }

    #[test]
    fn a_full_queue_is_asked_a_few_times() {
        let mut calls = 0;
        let done = until_it_passes(&Silent, || {
            calls += 1;
            if calls < 3 { Err(busy()) } else { Ok(calls) }
        });
        assert_eq!(done.unwrap(), 3);
        let mut calls = 0;
        let failed = until_it_passes(&Silent, || {
            calls += 1;
            Err::<(), _>(busy())
        });
        assert_eq!(failed.unwrap_err().to_string(), "the queue is full");
        assert_eq!(calls, PAUSES.len() + 1);
    }

    #[test]
    fn what_does_not_pass_is_asked_once() {
        let mut calls = 0;
        let failed = until_it_passes(&Silent, || {
            calls += 1;
            Err::<(), _>(ClientError::Failed("no repertoire".to_owned()))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no repertoire");
        assert_eq!(calls, 1);
    }
}
