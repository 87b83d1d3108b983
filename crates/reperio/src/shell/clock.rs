//! Where the time of a command goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Adds up the time between reports of progress: it belongs to the task that reported last.
#[derive(Default)]
pub(crate) struct Clock {
    running: Option<(String, Instant)>,
    spent: BTreeMap<String, Duration>,
}

impl Clock {
    /// `task` reports at `now`. Tasks that differ only in a number are one: the epochs of a training.
    pub(crate) fn reports(&mut self, task: &str, now: Instant) {
        let name = unnumbered(task);
        match &self.running {
            Some((running, _)) if *running == name => {}
            _ => {
                self.stop(now);
                self.running = Some((name, now));
            }
        }
    }

    /// Time of every task until `now`, the longest first, and starts anew.
    pub(crate) fn take(&mut self, now: Instant) -> Vec<(String, Duration)> {
        self.stop(now);
        let mut all: Vec<_> = std::mem::take(&mut self.spent).into_iter().collect();
        all.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
        all
    }

    fn stop(&mut self, now: Instant) {
        if let Some((task, since)) = self.running.take() {
            *self.spent.entry(task).or_default() += now.saturating_duration_since(since);
        }
    }
}

/// `task` without the words that are numbers.
fn unnumbered(task: &str) -> String {
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    task.split_whitespace().filter(|word| !is_number(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_belongs_to_the_task_that_reported_last() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut clock = Clock::default();
        for (task, second) in [("4-mers", 0), ("epoch 1", 2), ("epoch 2", 5), ("4-mers", 9)] {
            clock.reports(task, at(second));
        }
        let spent = |task: &str, seconds| (task.to_owned(), Duration::from_secs(seconds));
        assert_eq!(clock.take(at(10)), [spent("epoch", 7), spent("4-mers", 3)]);
        assert_eq!(clock.take(at(11)), []);
    }
}
