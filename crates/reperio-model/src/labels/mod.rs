//! Targets: what is predicted from a repertoire, and the labels that a cohort gives.

mod counts;
mod error;
mod names;
mod read;
mod target;

use reperio_data::metadata::Metadata;
use reperio_stats::moments::mean_and_sd;

pub use counts::{ChosenBy, TargetCounts};
pub use error::TargetError;
pub use target::{KindName, Target, TargetKind, TargetSpec};

use read::{column_of, known_values, numbers, read_one};

/// Targets and their labels for the repertoires of a cohort, in its order.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The targets.
    pub targets: Vec<Target>,
    /// `values[t][i]`: 0 or 1, the class index, or the number; `None` where it is missing.
    pub values: Vec<Vec<Option<f64>>>,
}

impl Labels {
    /// Reads the labels of `specs` from `metadata`.
    ///
    /// Without a stated kind: a stated positive value or two different values make a binary target
    /// (positive: see [`TargetCounts::positive_because`]), more than ten different numbers a regression, anything else classes.
    ///
    /// # Errors
    ///
    /// If a column or value does not exist, or the values do not fit the kind.
    pub fn read(metadata: &Metadata, specs: &[TargetSpec]) -> Result<Self, TargetError> {
        let mut labels = Self { targets: Vec::new(), values: Vec::new() };
        for spec in specs {
            let (target, values) = read_one(metadata, spec)?;
            labels.targets.push(target);
            labels.values.push(values);
        }
        Ok(labels)
    }

    /// Reads the labels of the targets that a model was trained for, in its meaning.
    ///
    /// # Errors
    ///
    /// If a column does not exist, or the model does not know a value.
    pub fn of(metadata: &Metadata, targets: &[Target]) -> Result<Self, TargetError> {
        let mut values = Vec::new();
        for Target { column, kind } in targets {
            let texts = column_of(metadata, column)?;
            values.push(match kind {
                TargetKind::Binary { positive, negative } => {
                    // One value may hold the sign that joins several.
                    let negatives = || negative.split('|').chain([negative.as_str()]);
                    let known = |text: &str| {
                        let is_negative = negatives().any(|value| value == text);
                        (text == positive).then_some(1.0).or(is_negative.then_some(0.0))
                    };
                    let names = [negative.replace('|', ", "), positive.clone()].join(", ");
                    known_values(column, texts, &names, known)?
                }
                TargetKind::Regression { .. } => numbers(column, metadata, texts)?,
                TargetKind::Classes { classes } => {
                    let place = |text: &str| classes.iter().position(|class| class == text);
                    let known = |text: &str| place(text).map(|place| place as f64);
                    known_values(column, texts, &classes.join(", "), known)?
                }
            });
        }
        Ok(Self { targets: targets.to_vec(), values })
    }

    /// Repertoires.
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether there is no repertoire.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of the repertoires at `indices`.
    pub fn select(&self, indices: &[usize]) -> Self {
        let pick = |values: &Vec<Option<f64>>| indices.iter().map(|&i| values[i]).collect();
        Self { targets: self.targets.clone(), values: self.values.iter().map(pick).collect() }
    }

    /// Whether repertoire `i` has any label.
    pub fn is_labelled(&self, i: usize) -> bool {
        self.values.iter().any(|values| values[i].is_some())
    }

    /// A name for the combination of labels of repertoire `i`, for stratified splits. Numbers fall
    /// into the quarters of their distribution.
    pub fn stratum(&self, i: usize) -> String {
        let mut parts = Vec::new();
        for (target, values) in self.targets.iter().zip(&self.values) {
            parts.push(match (values[i], &target.kind) {
                (None, _) => "?".to_owned(),
                (Some(value), TargetKind::Regression { .. }) => {
                    let known = || values.iter().flatten();
                    let below = known().filter(|&&other| other < value).count();
                    format!("q{}", 4 * below / known().count().max(1))
                }
                (Some(value), _) => format!("{value}"),
            });
        }
        parts.join("/")
    }

    /// Sets mean and standard deviation of regression targets from these labels.
    pub fn standardise(&mut self) {
        for (target, values) in self.targets.iter_mut().zip(&self.values) {
            if let TargetKind::Regression { mean, sd } = &mut target.kind {
                let known: Vec<f64> = values.iter().copied().flatten().collect();
                let (centre, spread) = mean_and_sd(&known);
                *mean = centre;
                *sd = if spread > 0.0 { spread } else { 1.0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn metadata(values: &[&str]) -> Metadata {
        let column = values.iter().map(|v| (!v.is_empty()).then(|| (*v).to_owned())).collect();
        let ids = (0..values.len()).map(|i| format!("r{i}")).collect();
        Metadata::from_columns(ids, vec![("status".to_owned(), column)]).unwrap()
    }

    fn spec(positive: Option<&str>) -> TargetSpec {
        let positive = positive.map(str::to_owned);
        TargetSpec { column: "status".to_owned(), positive, kind: None }
    }

    fn check(values: &[&str], positive: Option<&str>) -> String {
        match Labels::read(&metadata(values), &[spec(positive)]) {
            Ok(labels) => format!("{:?} {:?}", labels.targets[0].kind, labels.values[0]),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn two_values_are_a_binary_target_and_missing_ones_stay_missing() {
        assert_snapshot!(check(&["CD4", "CD8", ""], None),
            @r#"Binary { positive: "CD8", negative: "CD4" } [Some(0.0), Some(1.0), None]"#);
        assert_snapshot!(check(&["positive", "z"], None),
            @r#"Binary { positive: "positive", negative: "z" } [Some(1.0), Some(0.0)]"#);
    }

    #[test]
    fn a_value_that_says_no_is_never_the_positive_one() {
        let positive = |values: &[&str]| match Labels::read(&metadata(values), &[spec(None)]) {
            Ok(Labels { targets, .. }) => targets[0].outputs().join(" "),
            Err(err) => err.to_string(),
        };
        for (no, other) in [
            ("healthy", "crohn"),
            ("0", "2"),
            ("Wild type", "mutant"),
            ("non-responder", "a"),
            ("Negative", "CMV"),
            ("HC", "MS"),
            ("no", "x"),
            ("wt", "ko"),
            ("-", "+"),
            ("CMV-", "CMV+"),
            ("CMV (-)", "CMV (+)"),
            ("CMV\u{2212}", "CMV+"),
            ("CMV negative", "CMV"),
            ("covid_negative", "covid_positive"),
            ("HIVneg", "HIV"),
            ("Healthy control (HC)", "MS"),
            ("Healthy individuals", "MS"),
            ("HD", "MS"),
            ("HC", "HD"),
            ("NR", "CR"),
            ("nonresponder", "responder"),
            ("nonprogressors", "progressor"),
            ("unvaccinated", "vaccinated"),
            ("seronegative", "x"),
            ("asymptomatic", "severely symptomatic"),
            ("healthy", "non-Hodgkin lymphoma"),
            ("control", "untreated MS"),
        ] {
            assert_eq!(positive(&[no, other]), other, "{no} against {other}");
            assert_eq!(positive(&[no, other, other]), other, "{no} against {other}");
        }
        assert_eq!(positive(&["yes", "maybe", "yes"]), "yes");
        assert_eq!(positive(&["a", "b", "b"]), "a", "the rarer");
        assert_eq!(positive(&["AB", "B", "B"]), "AB", "a blood group is no opposite");
        assert_eq!(positive(&["+/-", "+/+", "+/+"]), "+/-", "says both");
        assert_eq!(positive(&["a", "b"]), "b", "equal numbers: the last in order");
    }

    #[test]
    fn values_that_a_model_does_not_know_are_an_error_and_missing_ones_are_missing() {
        let check = |kind: TargetKind, values: &[&str]| {
            let targets = [Target { column: "status".to_owned(), kind }];
            match Labels::of(&metadata(values), &targets) {
                Ok(labels) => format!("{:?}", labels.values[0]),
                Err(err) => err.to_string(),
            }
        };
        let binary =
            || TargetKind::Binary { positive: "case".to_owned(), negative: "a|b".to_owned() };
        assert_snapshot!(check(binary(), &["case", "b", "", "a", "a|b"]), @"[Some(1.0), Some(0.0), None, Some(0.0), Some(0.0)]");
        assert_snapshot!(check(binary(), &["Case", "1", "case", "Case"]), @r#"column "status" has the values "1", "Case", the model knows: a, b, case"#);
        let classes = TargetKind::Classes { classes: ["x", "y", "z"].map(str::to_owned).to_vec() };
        assert_snapshot!(check(classes, &["x", "Z", "q", ""]), @r#"column "status" has the values "Z", "q", the model knows: x, y, z"#);
    }

    #[test]
    fn a_named_positive_stands_against_all_others() {
        assert_snapshot!(check(&["a", "b", "c"], Some("b")),
            @r#"Binary { positive: "b", negative: "a|c" } [Some(0.0), Some(1.0), Some(0.0)]"#);
    }

    #[test]
    fn one_value_in_two_spellings_is_an_error() {
        assert_snapshot!(check(&["Yes", "yes", "No", "no"], Some("yes")),
            @r#"column "status" writes one value in several ways: "No" and "no", "Yes" and "yes", expected one spelling for each class"#);
        assert_snapshot!(check(&["1", "1.0", "0"], None),
            @r#"column "status" writes one value in several ways: "1" and "1.0", expected one spelling for each class"#);
        assert_snapshot!(check(&["TRUE", "True", "T"], None),
            @r#"column "status" writes one value in several ways: "T" and "TRUE" and "True", expected one spelling for each class"#);
    }

    #[test]
    fn one_class_only_is_an_error() {
        assert_snapshot!(check(&["a", "a"], None),
            @r#"column "status" has one class only ("a"), expected at least two different values"#);
    }

    #[test]
    fn a_positive_value_that_never_occurs_is_an_error() {
        assert_snapshot!(check(&["a", "b"], Some("CD8")),
            @r#"column "status" never has the value "CD8", it has: a, b"#);
    }

    #[test]
    fn many_numbers_are_a_regression() {
        let texts: Vec<String> = (0..12).map(|i| format!("{}", f64::from(i) * 0.5)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(check(&texts, None).starts_with("Regression"));
    }
}
