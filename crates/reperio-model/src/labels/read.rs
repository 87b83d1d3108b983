//! One target's labels from the values of its column.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use reperio_data::metadata::Metadata;
use reperio_data::table::plain;

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

/// Words that mean no wherever they are in a value. Some mean another thing as well (`HD`: Huntington's disease), so
/// a value that says no as a whole says it louder.
const NO_WORDS: [&str; 24] = [
    "no",
    "not",
    "without",
    "control",
    "controls",
    "ctrl",
    "ctl",
    "healthy",
    "hc",
    "hd",
    "normal",
    "unaffected",
    "uninfected",
    "noninfected",
    "untreated",
    "unvaccinated",
    "unexposed",
    "nonresponder",
    "nonresponders",
    "nr",
    "naive",
    "placebo",
    "baseline",
    "wildtype",
];

/// Words that mean yes wherever they are in a value.
const YES_WORDS: [&str; 3] = ["positive", "pos", "seropositive"];

/// Before a word these make it its opposite, if the other class has the word alone.
const OPPOSITE: [&str; 4] = ["non", "un", "in", "a"];

/// The words of a value, in lower case: the text between punctuation.
fn words(value: &str) -> Vec<String> {
    let lower = value.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How plainly a value says no beside the `other` class: 2 as a whole, 1 by a part of it, 0 not at all.
fn says_no(value: &str, other: &str) -> u8 {
    if NO.contains(&plain(value).as_str()) {
        return 2; // A lone `-` is nothing once it is plain.
    }
    let lower = value.to_lowercase();
    let words = words(value);
    let is_no = |word: &String| {
        NO_WORDS.contains(&word.as_str()) || word.ends_with("negative") || word.ends_with("neg")
    };
    let says = NOT.iter().any(|start| lower.starts_with(start))
        || ends_in_minus(value)
        || words.iter().any(is_no)
        || is_opposite(&words, other);
    u8::from(says)
}

/// Whether a value ends as `CMV-` or `CMV (-)` does; `+/-` says both.
fn ends_in_minus(value: &str) -> bool {
    let value = value.trim_end_matches([')', ']', ' ']);
    let before =
        value.strip_suffix(['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}']);
    before.is_some_and(|before| !before.ends_with("+/"))
}

/// Whether a word is a word of the other class with `non`, `un`, ... before it.
fn is_opposite(own: &[String], other: &str) -> bool {
    let other = words(other);
    let singular = |word: &str| word.trim_end_matches('s').to_owned();
    let has = |rest: &str| other.iter().any(|word| singular(word) == singular(rest));
    // `AB` is no opposite of `B`.
    let rests = |word: &String| {
        let rests = OPPOSITE.iter().filter_map(|before| word.strip_prefix(before));
        rests.filter(|rest| rest.len() > 3).any(has)
    };
    own.iter().any(rests)
}

fn says_yes(value: &str) -> bool {
    let is_yes = |word: &String| YES_WORDS.contains(&word.as_str());
    YES.contains(&plain(value).as_str()) || words(value).iter().any(is_yes)
}

/// Why `positive` is the positive class against `negative`, given their numbers of repertoires, if the user
/// did not choose: never the value that means no, else the one that means yes, else the rarer, else the last in order.
pub(super) fn why_positive(positive: (&str, usize), negative: (&str, usize)) -> &'static str {
    if says_no(negative.0, positive.0) > says_no(positive.0, negative.0) {
        "the other value means no"
    } else if says_yes(positive.0) && !says_yes(negative.0) {
        "it means yes"
    } else if positive.1 < negative.1 {
        "it is the rarer value"
    } else {
        "it comes last in sorted order"
    }
}

/// What a value is however it is written: letter case, the decimals of a number and the short forms of a truth value
/// do not matter.
fn meaning(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    if let Some(number) = lower.parse::<f64>().ok().filter(|number| number.is_finite()) {
        return format!("{}", number + 0.0); // -0 is 0.
    }
    let long = [("t", "true"), ("f", "false"), ("y", "yes"), ("n", "no")];
    let found = long.iter().find(|(short, _)| *short == lower);
    found.map_or(lower.clone(), |(_, long)| (*long).to_owned())
}

/// An error if two of the `classes` are one value written in two ways: they would be learned apart.
fn one_spelling(column: &str, classes: &[&str]) -> Result<(), TargetError> {
    let mut spellings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for class in classes {
        spellings.entry(meaning(class)).or_default().push(format!("{class:?}"));
    }
    let several = spellings.into_values().filter(|own| own.len() > 1);
    let several: Vec<String> = several.map(|own| own.join(" and ")).collect();
    if several.is_empty() {
        return Ok(());
    }
    Err(TargetError::Spellings { column: column.to_owned(), found: several.join(", ") })
}

pub(super) fn column_of<'a>(
    metadata: &'a Metadata,
    column: &str,
) -> Result<&'a [Option<String>], TargetError> {
    metadata.column(column).ok_or_else(|| {
        let names: Vec<&str> = metadata.columns().iter().map(|(name, _)| name.as_str()).collect();
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
    one_spelling(&column, &classes)?;
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
    let rank = |class: &str, other: &str| {
        (Reverse(says_no(class, other)), says_yes(class), Reverse(count(class)))
    };
    Ok(if rank(first, last) > rank(last, first) { *first } else { *last }.to_owned())
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
    metadata.ids().iter().zip(texts).map(parse).collect()
}
