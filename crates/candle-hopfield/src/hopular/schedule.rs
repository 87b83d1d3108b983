//! Learning rate and feature weight over the epochs.

use std::f64::consts::PI;

/// A quantity that falls along half a cosine.
///
/// ```text
/// learning rate   after epoch t:  r (1 + cos(pi (t + 1) / T)) / 2
/// feature weight  in epoch t:     g (1 + cos(pi t / T)) / 2
/// ```
///
/// A share of the epochs can come before, at the full value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// Value at the start.
    pub start: f64,
    /// Epochs before the fall.
    pub delay: usize,
    /// Epochs of the fall, T.
    pub epochs: usize,
}

impl Cosine {
    /// Falls from the first epoch on.
    pub fn new(start: f64, epochs: usize) -> Self {
        Self { start, delay: 0, epochs }
    }

    /// After `steps` steps of the fall; 0 at its end and after it.
    fn after(self, steps: usize) -> f64 {
        let done = steps.min(self.epochs) as f64 / self.epochs.max(1) as f64;
        self.start * f64::midpoint(1.0, (PI * done).cos())
    }

    /// The value that the released code uses in epoch `t` (from 0) for the weight of features.
    pub fn at(self, epoch: usize) -> f64 {
        self.after(epoch.saturating_sub(self.delay))
    }

    /// The learning rate of epoch `t`: the released code moves it before the first update already.
    pub fn rate(self, epoch: usize) -> f64 {
        self.after((epoch + 1).saturating_sub(self.delay))
    }
}
