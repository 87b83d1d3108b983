//! What the figures of an evaluation say.

use super::TargetSummary;

/// A metric is above chance if its P value is below this.
const LEVEL: f64 = 0.05;

/// What an evaluation says of one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing, because the labels are not of two classes.
    Nothing,
    /// Permuted labels give such a figure, too.
    AtChance(Figure),
    /// Permuted labels hardly ever give such a figure.
    AboveChance(Figure, AgainstControl),
}

/// The figure that a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Pooled AUC, or R² for a regression.
    pub value: f64,
    /// Its P value.
    pub p_value: f64,
}

/// A figure beside that of the control, a model that sees depth and V/J usage alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AgainstControl {
    /// There is no control.
    Unknown,
    /// The whole interval of the figure is above the control's.
    Clear(f64),
    /// The figure is above the control's, its interval is not.
    Unclear(f64),
    /// The figure is not above the control's.
    Below(f64),
}

impl TargetSummary {
    /// What the figures say.
    pub fn verdict(&self) -> Verdict {
        let found = self.auc.or(self.pooled.r2());
        let (Some(value), Some(p_value)) = (found, self.p_value) else {
            return Verdict::Nothing;
        };
        let figure = Figure { value, p_value };
        // Labels that go with the batch can pass a permutation inside batches with an AUC below 0.5.
        let chance = if self.auc.is_some() { 0.5 } else { 0.0 };
        if p_value >= LEVEL || value <= chance {
            return Verdict::AtChance(figure);
        }
        let Some(control) = self.control else {
            return Verdict::AboveChance(figure, AgainstControl::Unknown);
        };
        let is_clear = self.auc_ci.or(self.r2_ci).map_or(value > control, |[low, _]| low > control);
        let against = if is_clear {
            AgainstControl::Clear(control)
        } else if value > control {
            AgainstControl::Unclear(control)
        } else {
            AgainstControl::Below(control)
        };
        Verdict::AboveChance(figure, against)
    }
}
