//! One target's labels from the values of its column.

use reperio_data::metadata::Metadata;

use super::{KindName, Target, TargetError, TargetKind, TargetSpec};

/// Values that mean "positive" when nothing else is said.
const POSITIVE_NAMES: [&str; 10] =
    ["1", "true", "yes", "y", "positive", "pos", "+", "case", "t", "disease"];

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
    let positive = positive_value(spec, &classes)?;
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

fn positive_value(spec: &TargetSpec, classes: &[&str]) -> Result<String, TargetError> {
    let column = spec.column.clone();
    if let Some(positive) = &spec.positive {
        if classes.contains(&positive.as_str()) {
            return Ok(positive.clone());
        }
        let positive = positive.clone();
        return Err(TargetError::UnknownPositive { column, positive, known: classes.join(", ") });
    }
    if classes.len() != 2 {
        return Err(TargetError::NotBinary { column, found: classes.len() });
    }
    let named = classes.iter().find(|class| POSITIVE_NAMES.contains(&&*class.to_lowercase()));
    Ok((*named.unwrap_or(&classes[1])).to_owned())
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
