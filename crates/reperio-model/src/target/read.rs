//! One target's labels from the values of its column.

use reperio_data::metadata::{Metadata, plain};

use super::{KindName, Target, TargetError, TargetKind, TargetSpec};

/// Values that say yes, as [`plain`] leaves them.
const YES: [&str; 10] = ["1", "true", "yes", "y", "positive", "pos", "+", "case", "t", "disease"];

/// Values that say no, as [`plain`] leaves them.
const NO: [&str; 28] = [
    "0",
    "false",
    "no",
    "n",
    "negative",
    "neg",
    "",
    "control",
    "controls",
    "ctrl",
    "ctl",
    "healthy",
    "healthycontrol",
    "healthydonor",
    "hc",
    "normal",
    "well",
    "wildtype",
    "wt",
    "none",
    "absent",
    "unaffected",
    "uninfected",
    "untreated",
    "naive",
    "seronegative",
    "placebo",
    "baseline",
];

/// How a value begins that says no.
const NOT: [&str; 6] = ["non-", "non ", "not ", "no ", "non_", "not_"];

/// Whether a value says no. A lone `-` is nothing once it is plain.
fn says_no(value: &str) -> bool {
    let lower = value.to_lowercase();
    NO.contains(&plain(value).as_str()) || NOT.iter().any(|start| lower.starts_with(start))
}

fn says_yes(value: &str) -> bool {
    YES.contains(&plain(value).as_str())
}

/// Why `positive` is the positive class against `negative`, of which there are so many repertoires each, when nothing
/// else is said: never the one that says no, else the one that says yes, else the rarer, else the last in order.
pub fn why_positive(positive: (&str, usize), negative: (&str, usize)) -> &'static str {
    if says_no(negative.0) && !says_no(positive.0) {
        "the other value says no"
    } else if says_yes(positive.0) && !says_yes(negative.0) {
        "it says yes"
    } else if positive.1 < negative.1 {
        "it is the rarer"
    } else {
        "it is the last in order"
    }
}

pub(super) fn column_of<'a>(
    metadata: &'a Metadata,
    column: &str,
) -> Result<&'a [Option<String>], TargetError> {
    metadata.column(column).ok_or_else(|| {
        let names: Vec<&str> = metadata.columns.iter().map(|(name, _)| name.as_str()).collect();
        TargetError::UnknownColumn { column: column.to_owned(), known: names.join(", ") }
    })
}

pub(super) fn read_one(
    metadata: &Metadata,
    spec: &TargetSpec,
) -> Result<(Target, Vec<Option<f64>>), TargetError> {
    let column = spec.column.clone();
    let texts = column_of(metadata, &column)?;
    let mut classes: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 2 {
        let only =
            classes.first().map_or("no value at all".to_owned(), |value| format!("{value:?}"));
        return Err(TargetError::OneClass { column, only });
    }
    let kind = spec.kind.unwrap_or_else(|| guess_kind(spec, &classes));
    if kind == KindName::Regression {
        let values = numbers(&column, metadata, texts)?;
        return Ok((
            Target { column, kind: TargetKind::Regression { mean: 0.0, sd: 1.0 } },
            values,
        ));
    }
    let index = |text: &str| classes.binary_search(&text).expect("listed above") as f64;
    if kind == KindName::Classes {
        let values = texts.iter().map(|text| text.as_deref().map(index)).collect();
        let classes = classes.iter().map(|&class| class.to_owned()).collect();
        return Ok((Target { column, kind: TargetKind::Classes { classes } }, values));
    }
    let count = |class: &str| texts.iter().flatten().filter(|text| *text == class).count();
    let positive = positive_value(spec, &classes, count)?;
    let value = |text: &String| f64::from(u8::from(*text == positive));
    let values = texts.iter().map(|text| text.as_ref().map(value)).collect();
    let others: Vec<&str> = classes.iter().copied().filter(|&class| class != positive).collect();
    let negative = others.join("|");
    Ok((Target { column, kind: TargetKind::Binary { positive, negative } }, values))
}

fn guess_kind(spec: &TargetSpec, classes: &[&str]) -> KindName {
    if spec.positive.is_some() || classes.len() == 2 {
        KindName::Binary
    } else if classes.len() > 10 && classes.iter().all(|text| text.parse::<f64>().is_ok()) {
        KindName::Regression
    } else {
        KindName::Classes
    }
}

fn positive_value(
    spec: &TargetSpec,
    classes: &[&str],
    count: impl Fn(&str) -> usize,
) -> Result<String, TargetError> {
    let column = spec.column.clone();
    if let Some(positive) = &spec.positive {
        if classes.contains(&positive.as_str()) {
            return Ok(positive.clone());
        }
        let positive = positive.clone();
        return Err(TargetError::UnknownPositive { column, positive, known: classes.join(", ") });
    }
    let [first, last] = classes else {
        return Err(TargetError::NotBinary { column, found: classes.len() });
    };
    let rank = |class: &str| (!says_no(class), says_yes(class), std::cmp::Reverse(count(class)));
    Ok(if rank(first) > rank(last) { *first } else { *last }.to_owned())
}

/// The labels of values that are `known`; all others are an error.
pub(super) fn known_values(
    column: &str,
    texts: &[Option<String>],
    names: &str,
    known: impl Fn(&str) -> Option<f64>,
) -> Result<Vec<Option<f64>>, TargetError> {
    let values: Vec<Option<f64>> =
        texts.iter().map(|text| text.as_deref().and_then(&known)).collect();
    let unknown = texts.iter().zip(&values).filter(|(_, value)| value.is_none());
    let mut unknown: Vec<&String> = unknown.filter_map(|(text, _)| text.as_ref()).collect();
    if unknown.is_empty() {
        return Ok(values);
    }
    unknown.sort_unstable();
    unknown.dedup();
    let found = unknown.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
    Err(TargetError::UnknownClass { column: column.to_owned(), found, known: names.to_owned() })
}

pub(super) fn numbers(
    column: &str,
    metadata: &Metadata,
    texts: &[Option<String>],
) -> Result<Vec<Option<f64>>, TargetError> {
    let parse = |(id, text): (&String, &Option<String>)| {
        let Some(text) = text else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(TargetError::NotANumber {
                column: column.to_owned(),
                id: id.clone(),
                value: text.clone(),
            }),
        }
    };
    metadata.ids.iter().zip(texts).map(parse).collect()
}
