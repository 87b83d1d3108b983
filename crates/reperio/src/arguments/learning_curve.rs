//! How many repertoires are needed, and how deep.

/// A learning curve beside the evaluation.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct LearningCurveArgs {
    /// Also train on parts of the repertoires and at parts of their depth, and say what more repertoires
    /// would give (`learning_curve.tsv`). All together it takes about three times as long
    #[arg(long, conflicts_with = "model")]
    learning_curve: bool,
    /// Points of the learning curve, the evaluation included; more of them take longer
    #[arg(long, value_name = "N", default_value_t = 4, requires = "learning_curve",
          value_parser = clap::value_parser!(u8).range(3..=8))]
    curve_points: u8,
}

impl LearningCurveArgs {
    /// Number of points, if there is to be a curve.
    pub(crate) fn points(self) -> Option<usize> {
        self.learning_curve.then(|| usize::from(self.curve_points))
    }
}
