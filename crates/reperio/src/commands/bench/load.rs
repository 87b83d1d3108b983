//! Whether other work ran on this machine while it was measured.

use std::fs;

use serde::Serialize;

/// Load of other work above which no ratio is quoted: it slows the programs unequally.
const LIMIT: f64 = 1.5;

/// The system's load averages of one minute, where it tells (Linux).
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Load {
    /// Before the first turn: other work alone.
    before: Option<f64>,
    /// After the last turn: other work and at most all threads of the measurement.
    after: Option<f64>,
    /// Whether ratios may be quoted.
    pub(super) quotable: bool,
}

impl Load {
    /// From the averages before and after a measurement with `threads` threads.
    pub(super) fn new(before: Option<f64>, after: Option<f64>, threads: usize) -> Self {
        let others = [before, after.map(|load| load - threads as f64)];
        let quotable = others.into_iter().flatten().all(|load| load <= LIMIT);
        Self { before, after, quotable }
    }

    /// What is put behind a ratio.
    pub(super) fn mark(self) -> &'static str {
        if self.quotable { "" } else { " *" }
    }

    /// The averages, and what the mark means where there is one.
    pub(super) fn lines(self) -> Vec<String> {
        let number = |load: Option<f64>| load.map_or("unknown".to_owned(), |l| format!("{l:.2}"));
        let (before, after) = (number(self.before), number(self.after));
        let mut lines = vec![format!("load {before} before, {after} after")];
        if !self.quotable {
            lines.push(format!(
                "* do not quote: other work had a load above {LIMIT}; measure again on an idle machine"
            ));
        }
        lines
    }
}

/// The load average of the last minute.
pub(super) fn last_minute() -> Option<f64> {
    parse(&fs::read_to_string("/proc/loadavg").ok()?)
}

fn parse(averages: &str) -> Option<f64> {
    averages.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_average_is_that_of_a_minute() {
        assert_eq!(parse("0.52 1.31 0.89 2/345 12345\n"), Some(0.52));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn ratios_are_marked_under_the_load_of_others_alone() {
        let is_quotable = |before, after| Load::new(before, after, 2).quotable;
        assert!(is_quotable(Some(0.3), Some(2.2)));
        assert!(is_quotable(None, None));
        assert!(!is_quotable(Some(1.6), Some(2.2)));
        assert!(!is_quotable(Some(0.3), Some(3.6)));
        assert_eq!(Load::new(Some(2.0), None, 2).lines().len(), 2);
        assert_eq!(Load::new(Some(0.25), None, 2).lines(), ["load 0.25 before, unknown after"]);
    }
}
