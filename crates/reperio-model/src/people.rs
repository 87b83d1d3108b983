//! Which repertoires belong to one person, so that they are never on both sides of a split.

use std::collections::BTreeMap;

use reperio_data::metadata::Metadata;
use reperio_data::table::plain;
use reperio_stats::Groups;

/// Names of columns of people, as [`plain`] leaves them.
const PEOPLE: [&str; 12] = [
    "subjectid",
    "subject",
    "patientid",
    "patient",
    "donorid",
    "donor",
    "individualid",
    "individual",
    "participantid",
    "participant",
    "personid",
    "hostid",
];

/// The column that is used where it exists, whether its values repeat or not.
const SUBJECT: &str = "subject_id";

/// The word for no groups.
const EACH: &str = "repertoire_id";

/// Which repertoires belong to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Person of each repertoire: the column's value, or the repertoire's own id.
    pub groups: Groups,
    /// The column that they come from; none if each repertoire is its own group.
    pub column: Option<String>,
}

/// Why it is not known which repertoires belong to one person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// No such column.
    #[error("no column {column:?} in the metadata, expected one of: {known}")]
    UnknownColumn {
        /// Requested column.
        column: String,
        /// Columns that exist.
        known: String,
    },
    /// Two columns of people contradict each other.
    #[error(
        "columns {first:?} and {second:?} both look like names of people but group the repertoires differently: \
         choose the column that is never split between training and test with --group COLUMN"
    )]
    Contradiction {
        /// A column.
        first: String,
        /// One that divides differently.
        second: String,
    },
}

/// The people of the column `asked`, or of the column that looks like people. Targets are not considered.
///
/// # Errors
///
/// See [`PeopleError`].
pub fn find(
    metadata: &Metadata,
    asked: Option<&str>,
    targets: &[String],
) -> Result<People, PeopleError> {
    if let Some(name) = asked {
        if metadata.column(name).is_none() && name != EACH {
            let known: Vec<_> = metadata.columns().iter().map(|(name, _)| name.as_str()).collect();
            let (column, known) = (name.to_owned(), known.join(", "));
            return Err(PeopleError::UnknownColumn { column, known });
        }
        return Ok(of(metadata, metadata.column(name).map(|values| (name, values))));
    }
    let is_candidate = |(name, values): &&(String, Vec<_>)| {
        PEOPLE.contains(&plain(name).as_str()) && !targets.contains(name) && are_people(values)
    };
    let found: Vec<_> = metadata.columns().iter().filter(is_candidate).collect();
    let (first, others) = match &found[..] {
        [] => {
            return Ok(People {
                column: None,
                ..of(metadata, metadata.column(SUBJECT).map(|v| (SUBJECT, v)))
            });
        }
        [first, others @ ..] => (first, others),
    };
    if let Some(other) = others.iter().find(|other| division(&other.1) != division(&first.1)) {
        let (first, second) = (first.0.clone(), other.0.clone());
        return Err(PeopleError::Contradiction { first, second });
    }
    Ok(of(metadata, Some((&first.0, &first.1))))
}

/// Whether values repeat as the names of people do. Two values, such as yes and no, are not people.
fn are_people(values: &[Option<String>]) -> bool {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    counts.len() > 2 && counts.values().any(|&n| n > 1)
}

/// For each row the first one with the same value.
fn division(values: &[Option<String>]) -> Vec<usize> {
    let mut first: BTreeMap<&String, usize> = BTreeMap::new();
    let rows = values.iter().enumerate();
    rows.map(|(i, value)| value.as_ref().map_or(i, |value| *first.entry(value).or_insert(i)))
        .collect()
}

fn of(metadata: &Metadata, column: Option<(&str, &[Option<String>])>) -> People {
    let own = |i: usize| format!("repertoire {}", metadata.ids()[i]);
    let value = |i: usize| column.and_then(|(_, values)| values[i].clone());
    let names: Vec<String> =
        (0..metadata.ids().len()).map(|i| value(i).unwrap_or_else(|| own(i))).collect();
    let groups = Groups::of(&names);
    let column = column.filter(|_| !groups.are_single()).map(|(name, _)| name.to_owned());
    People { groups, column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn check(columns: &[(&str, &str)], asked: Option<&str>) -> String {
        let values = |text: &str| -> Vec<Option<String>> {
            let each = text.split(' ');
            each.map(|value| (value != ".").then(|| value.to_owned())).collect()
        };
        let columns: Vec<_> =
            columns.iter().map(|(name, text)| ((*name).to_owned(), values(text))).collect();
        let ids = (0..columns[0].1.len()).map(|i| format!("r{i}")).collect();
        match find(&Metadata::from_columns(ids, columns).unwrap(), asked, &["label".to_owned()]) {
            Ok(People { groups, column }) => {
                let names: Vec<&str> = (0..groups.rows()).map(|i| groups.name(i)).collect();
                let distinct = groups.count();
                let column = column.map_or_else(String::new, |own| format!("{own}: {distinct}"));
                format!("{} | {column}", names.join(", "))
            }
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn people_are_seen_by_any_of_their_names() {
        for name in ["subject_id", "Subject ID", "patient_id", "Patient", "donor.id", "individual"]
        {
            let text = check(&[(name, "a b a c .")], None);
            assert_eq!(text, format!("a, b, a, c, repertoire r4 | {name}: 4"));
        }
        assert_snapshot!(check(&[("patient", "1 0 1 0 1")], None), @"repertoire r0, repertoire r1, repertoire r2, repertoire r3, repertoire r4 |");
        assert_snapshot!(check(&[("donor", "a b c")], None), @"repertoire r0, repertoire r1, repertoire r2 |");
        assert_snapshot!(check(&[("subject_id", "a b c")], None), @"a, b, c |");
        assert_snapshot!(check(&[("patient_id", "a b a c")], Some("repertoire_id")), @"repertoire r0, repertoire r1, repertoire r2, repertoire r3 |");
    }

    #[test]
    fn columns_that_contradict_each_other_are_an_error() {
        let same = check(&[("subject_id", "a b a c"), ("patient", "1 2 1 3")], None);
        assert!(same.starts_with("a, b, a, c |"), "{same}");
        assert_snapshot!(check(&[("subject_id", "a b a c"), ("donor", "1 2 3 1")], None), @r#"columns "subject_id" and "donor" both look like names of people but group the repertoires differently: choose the column that is never split between training and test with --group COLUMN"#);
        let chosen = check(&[("subject_id", "a b a c"), ("donor", "1 2 3 1")], Some("donor"));
        assert!(chosen.starts_with("1, 2, 3, 1 |"), "{chosen}");
    }
}
