//! How long to wait for the other side of a connection.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Time over which the pace is measured. Only time in which we wait for the other side counts.
const WINDOW: Duration = Duration::from_mins(1);
/// Bytes a second that it must reach.
const BYTES_PER_SECOND: u64 = 1024;

/// The other side stalls, or is slower than 1 KiB a second for a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is too slow")]
pub(crate) struct TooSlow;

/// Whether this is why a body ended.
pub(crate) fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn Error>::is::<TooSlow>)
}

/// Measures the pace of the other side.
pub(crate) struct Patience {
    stall: Duration,
    /// Bytes in this window.
    moved: u64,
    /// Time waited in this window, before `wait`.
    waited: Duration,
    wait: Option<Wait>,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy)]
struct Wait {
    since: Instant,
    /// The part of the wait before this is in `waited`, or in a window that is over.
    counted: Instant,
}

impl Patience {
    /// Patience that ends when nothing moves for as long as `stall`.
    pub(crate) fn new(stall: Duration) -> Self {
        Self { stall, moved: 0, waited: Duration::ZERO, wait: None, timer: None }
    }

    /// Some bytes moved: the wait is over.
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.moved += bytes as u64;
        if let Some(wait) = self.wait.take() {
            self.waited += wait.counted.elapsed();
        }
    }

    /// To be polled whenever the other side is not ready. Ready means that it is too slow.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TooSlow> {
        loop {
            let now = Instant::now();
            let wait = *self.wait.get_or_insert(Wait { since: now, counted: now });
            let stalled_at = wait.since + self.stall;
            let window_end = wait.counted + WINDOW.saturating_sub(self.waited);
            if now >= stalled_at || (now >= window_end && self.is_slow()) {
                return Poll::Ready(TooSlow);
            }
            if now >= window_end {
                (self.moved, self.waited) = (0, Duration::ZERO);
                self.wait = Some(Wait { counted: now, ..wait });
                continue;
            }
            let at = stalled_at.min(window_end);
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn is_slow(&self) -> bool {
        self.moved < BYTES_PER_SECOND * WINDOW.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{advance, timeout};

    const STALL: Duration = Duration::from_secs(20);

    /// Waits so long for the other side; then it moves `bytes`.
    async fn wait(patience: &mut Patience, seconds: u64, bytes: usize) -> Result<(), TooSlow> {
        let lost = timeout(Duration::from_secs(seconds), poll_fn(|cx| patience.poll(cx))).await;
        patience.moved(bytes);
        lost.map_or(Ok(()), Err)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_noticed_after_its_time() {
        let mut patience = Patience::new(STALL);
        assert_eq!(wait(&mut patience, 19, 1_000_000).await, Ok(()));
        assert_eq!(wait(&mut patience, 19, 0).await, Ok(()));
        let start = Instant::now();
        assert_eq!(wait(&mut patience, 100, 0).await, Err(TooSlow));
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_noticed_after_a_minute() {
        let mut patience = Patience::new(STALL);
        let start = Instant::now();
        while wait(&mut patience, 10, 1).await.is_ok() {}
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_client_is_waited_for() {
        let mut patience = Patience::new(STALL);
        for _ in 0..1_000 {
            assert_eq!(wait(&mut patience, 10, 15_000).await, Ok(()));
        }
        // What it moved in earlier minutes does not help.
        let start = Instant::now();
        while wait(&mut patience, 10, 1).await.is_ok() {}
        assert!(start.elapsed().as_secs() <= 120);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_waits_does_not_count() {
        let mut patience = Patience::new(STALL);
        for _ in 0..50 {
            assert_eq!(wait(&mut patience, 1, 1).await, Ok(()));
            advance(Duration::from_mins(10)).await;
        }
    }
}
