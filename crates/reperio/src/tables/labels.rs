//! What is predicted, and how many repertoires have each label, as text for the user.

use reperio_model::labels::{KindName, TargetCounts};
use reperio_model::people::People;

/// One target as its labels were read.
pub(crate) fn line(counts: &TargetCounts) -> String {
    let TargetCounts { column, kind, values, labelled, unlabelled, positive_because } = counts;
    let each: Vec<String> = values.iter().map(|(value, n)| format!("{value:?} {n}")).collect();
    let what = match kind {
        KindName::Binary => format!("{} against {}", each[0], each[1]),
        KindName::Classes => format!("{} classes: {}", each.len(), each.join(", ")),
        KindName::Regression => format!("a number, known for {labelled}"),
    };
    let missing = match unlabelled {
        0 => String::new(),
        n => format!("; {n} without a label"),
    };
    let positive = positive_because.map_or_else(String::new, |why| {
        format!("; {:?} is positive because {why} (--positive VALUE chooses another)", values[0].0)
    });
    format!("Target {column}: {what}{missing}{positive}")
}

/// Which repertoires are never split; nothing if each is its own group.
pub(crate) fn people(people: &People) -> Option<String> {
    let People { groups, column } = people;
    let distinct = groups.count();
    let column = column.as_ref()?;
    let n = groups.rows();
    Some(format!(
        "Groups by {column}: {n} repertoires in {distinct} groups, never split between training and test (--group COLUMN chooses another)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use reperio_model::labels::{ChosenBy, Labels, Target, TargetKind};

    fn check(kind: TargetKind, values: &[Option<f64>]) -> String {
        let target = Target { column: "x".to_owned(), kind };
        let labels = Labels { targets: vec![target], values: vec![values.to_vec()] };
        line(&TargetCounts::of(&labels, ChosenBy::Values)[0])
    }

    #[test]
    fn labels_are_told_as_they_were_understood() {
        let values = [Some(1.0), None, Some(0.0), Some(1.0)];
        let kind = TargetKind::Binary { positive: "yes".to_owned(), negative: "no|?".to_owned() };
        assert_snapshot!(check(kind, &values), @r#"Target x: "yes" 2 against "no|?" 1; 1 without a label; "yes" is positive because the other value means no (--positive VALUE chooses another)"#);
        let classes = ["Yes", "no", "yes"].map(str::to_owned).to_vec();
        assert_snapshot!(check(TargetKind::Classes { classes }, &values), @r#"Target x: 3 classes: "Yes" 1, "no" 2, "yes" 0; 1 without a label"#);
        let kind = TargetKind::Regression { mean: 0.0, sd: 1.0 };
        assert_snapshot!(check(kind, &values), @"Target x: a number, known for 3; 1 without a label");
    }
}
