//! Covariates from the values of their columns.

use std::collections::BTreeSet;

use reperio_data::metadata::Metadata;

use super::{Covariate, CovariateKind, Covariates};

/// Why covariates cannot be used.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CovariateError {
    /// No such column.
    #[error("no column {column:?} in the metadata, expected one of: {known}")]
    UnknownColumn {
        /// Requested column.
        column: String,
        /// Columns that exist.
        known: String,
    },
    /// Nothing differs.
    #[error("covariate {column:?} has {found}, expected at least two different values")]
    OneValue {
        /// Requested column.
        column: String,
        /// The one value, quoted, or "no value at all".
        found: String,
    },
    /// Nearly every repertoire has a value of its own, as an id has.
    #[error(
        "covariate {column:?} has {values} different values that are no numbers in {rows} repertoires, expected classes that several share"
    )]
    TooManyClasses {
        /// Requested column.
        column: String,
        /// Different values.
        values: usize,
        /// Repertoires that have one.
        rows: usize,
    },
    /// A model knows the column as one of numbers.
    #[error("covariate {column:?} of repertoire {id:?} is {value:?}, expected a number")]
    NotANumber {
        /// Column.
        column: String,
        /// Repertoire.
        id: String,
        /// Value found.
        value: String,
    },
}

/// What `text` is as a finite number.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// The values of a column.
fn column<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a [Option<String>], CovariateError> {
    metadata.column(name).ok_or_else(|| {
        let known: Vec<&str> = metadata.columns().iter().map(|(own, _)| own.as_str()).collect();
        CovariateError::UnknownColumn { column: name.to_owned(), known: known.join(", ") }
    })
}

impl Covariates {
    /// Reads the columns `names` of `metadata`: numbers where every value is one, classes elsewhere.
    ///
    /// # Errors
    ///
    /// If a column does not exist, says the same of all repertoires, or something else of each.
    pub fn read(metadata: &Metadata, names: &[String]) -> Result<Self, CovariateError> {
        let mut all = Self::default();
        for name in names {
            let texts = column(metadata, name)?;
            let known: BTreeSet<&str> = texts.iter().flatten().map(String::as_str).collect();
            if known.len() < 2 {
                let found = known.first().map(|only| format!("one value only ({only:?})"));
                let found = found.unwrap_or_else(|| "no value at all".to_owned());
                return Err(CovariateError::OneValue { column: name.clone(), found });
            }
            let kind = if known.iter().all(|text| number(text).is_some()) {
                CovariateKind::Number
            } else {
                let (values, rows) = (known.len(), texts.iter().flatten().count());
                if 2 * values > rows && values > 4 {
                    let column = name.clone();
                    return Err(CovariateError::TooManyClasses { column, values, rows });
                }
                CovariateKind::Classes { classes: known.into_iter().map(str::to_owned).collect() }
            };
            let covariate = Covariate { column: name.clone(), kind };
            all.values.push(covariate.values(metadata.ids(), texts)?);
            all.columns.push(covariate);
        }
        Ok(all)
    }

    /// Reads the covariates that a model knows from other `metadata`. A column that is not there is missing everywhere, a
    /// class that the model does not know is missing; both are a warning in the log.
    ///
    /// # Errors
    ///
    /// If a value of a column of numbers is none.
    pub fn of(metadata: &Metadata, columns: &[Covariate]) -> Result<Self, CovariateError> {
        let mut all = Self { columns: columns.to_vec(), values: Vec::new() };
        for covariate in columns {
            let name = &covariate.column;
            let values = if let Some(texts) = metadata.column(name) {
                covariate.values(metadata.ids(), texts)?
            } else {
                tracing::warn!(
                    "no column {name:?} in the metadata: the covariate is missing and adds nothing to a score"
                );
                vec![None; metadata.len()]
            };
            all.values.push(values);
        }
        Ok(all)
    }
}

impl Covariate {
    /// The values of `texts`, one for each of `ids`.
    fn values(
        &self,
        ids: &[String],
        texts: &[Option<String>],
    ) -> Result<Vec<Option<f64>>, CovariateError> {
        let rows = ids.iter().zip(texts);
        let rows = rows.map(|(id, text)| text.as_ref().map_or(Ok(None), |t| self.value(id, t)));
        let values: Vec<Option<f64>> = rows.collect::<Result<_, _>>()?;
        let unknown: BTreeSet<&String> = texts
            .iter()
            .zip(&values)
            .filter(|(_, v)| v.is_none())
            .filter_map(|(t, _)| t.as_ref())
            .collect();
        if !unknown.is_empty() {
            let unknown: Vec<String> = unknown.iter().map(|text| format!("{text:?}")).collect();
            let (column, unknown) = (&self.column, unknown.join(", "));
            tracing::warn!(
                "the model does not know {unknown} of covariate {column:?}: it counts as missing"
            );
        }
        Ok(values)
    }

    /// What `text` says of repertoire `id`; `None` for a class that is not known.
    ///
    /// # Errors
    ///
    /// If a number is meant and it is none.
    pub fn value(&self, id: &str, text: &str) -> Result<Option<f64>, CovariateError> {
        match &self.kind {
            CovariateKind::Number => number(text).map(Some).ok_or_else(|| {
                let (column, id, value) = (self.column.clone(), id.to_owned(), text.to_owned());
                CovariateError::NotANumber { column, id, value }
            }),
            CovariateKind::Classes { classes } => {
                Ok(classes.iter().position(|class| class == text).map(|place| place as f64))
            }
        }
    }

    /// How a value is written.
    pub fn text(&self, value: Option<f64>) -> String {
        match (&self.kind, value) {
            (_, None) => String::new(),
            (CovariateKind::Number, Some(value)) => value.to_string(),
            (CovariateKind::Classes { classes }, Some(value)) => classes[value as usize].clone(),
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
        Metadata::from_columns(ids, vec![("age".to_owned(), column)]).unwrap()
    }

    fn check(values: &[&str]) -> String {
        match Covariates::read(&metadata(values), &["age".to_owned()]) {
            Ok(own) => format!("{:?} {:?}", own.columns[0].kind, own.values[0]),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn numbers_are_numbers_and_words_are_classes() {
        assert_snapshot!(check(&["41", "", "5.5", "41"]), @"Number [Some(41.0), None, Some(5.5), Some(41.0)]");
        assert_snapshot!(check(&["old", "young", "", "old"]), @r#"Classes { classes: ["old", "young"] } [Some(0.0), Some(1.0), None, Some(0.0)]"#);
        assert_snapshot!(check(&["41", "41", "60+", "60+"]), @r#"Classes { classes: ["41", "60+"] } [Some(0.0), Some(0.0), Some(1.0), Some(1.0)]"#);
    }

    #[test]
    fn what_tells_nothing_apart_is_an_error() {
        assert_snapshot!(check(&["41", "41"]), @r#"covariate "age" has one value only ("41"), expected at least two different values"#);
        assert_snapshot!(check(&["", ""]), @r#"covariate "age" has no value at all, expected at least two different values"#);
        assert_snapshot!(check(&["a", "b", "c", "d", "e", "a"]), @r#"covariate "age" has 5 different values that are no numbers in 6 repertoires, expected classes that several share"#);
        let missing = Covariates::read(&metadata(&["1", "2"]), &["sex".to_owned()]).unwrap_err();
        assert_snapshot!(missing, @r#"no column "sex" in the metadata, expected one of: age"#);
    }

    #[test]
    fn a_model_reads_what_it_knows() {
        let number = Covariate { column: "age".to_owned(), kind: CovariateKind::Number };
        let classes = vec!["f".to_owned(), "m".to_owned()];
        let class =
            Covariate { column: "age".to_owned(), kind: CovariateKind::Classes { classes } };
        let of = |values: &[&str], own: &Covariate| match Covariates::of(
            &metadata(values),
            std::slice::from_ref(own),
        ) {
            Ok(found) => format!("{:?}", found.values[0]),
            Err(err) => err.to_string(),
        };
        assert_snapshot!(of(&["41", ""], &number), @"[Some(41.0), None]");
        assert_snapshot!(of(&["41", "old"], &number), @r#"covariate "age" of repertoire "r1" is "old", expected a number"#);
        assert_snapshot!(of(&["m", "x", ""], &class), @"[Some(1.0), None, None]");
        let elsewhere = Covariate { column: "sex".to_owned(), ..number };
        assert_snapshot!(of(&["1", "2"], &elsewhere), @"[None, None]");
    }
}
