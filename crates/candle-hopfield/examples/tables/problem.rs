//! Tables with their folds and what other methods make of them: a made-up one, and those of scikit-learn where
//! `fetch.py` has written them.

use std::fs;
use std::path::Path;

use candle_core::{Error, Result, bail};
use candle_hopfield::hopular::{Attribute, Column, Schema, Table};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::linear;

pub(crate) const FOLDS: usize = 5;
const NAMES: [&str; 4] = ["iris", "wine", "breast_cancer", "diabetes"];

/// A table whose last column is to be predicted.
pub(crate) struct Problem {
    pub(crate) name: String,
    pub(crate) table: Table,
    /// Of every row.
    pub(crate) folds: Vec<usize>,
    /// Name and one figure a fold.
    pub(crate) rivals: Vec<(String, Vec<f64>)>,
}

impl Problem {
    /// Whether classes are predicted: figures are then shares of right ones, otherwise relative errors.
    pub(crate) fn has_classes(&self) -> bool {
        self.table.schema().attributes().last() != Some(&Attribute::Continuous)
    }

    /// The rows outside of a fold, and those inside.
    pub(crate) fn divided(&self, fold: usize) -> Result<(Table, Table)> {
        let rows = |inside: bool| {
            let rows = (0..self.folds.len()).filter(|row| (self.folds[*row] == fold) == inside);
            self.table.take(&rows.collect::<Vec<_>>())
        };
        Ok((rows(false)?, rows(true)?))
    }
}

/// 200 rows that were drawn. The class is whether a number is above 0 in the first group, below 0 in the second, and
/// far from 0 in the third. Another number says nothing, and 3 % of the features are missing.
pub(crate) fn made_up() -> Result<Problem> {
    let attributes = vec![
        Attribute::Continuous,
        Attribute::Categorical { classes: 3 },
        Attribute::Continuous,
        Attribute::Categorical { classes: 2 },
    ];
    let schema = Schema::new(attributes, vec![3])?;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut number, mut group, mut noise, mut class) = (vec![], vec![], vec![], vec![]);
    for _ in 0..200 {
        let (x, other): (f64, f64) = (rng.sample(StandardNormal), rng.sample(StandardNormal));
        let of = rng.random_range(0..3);
        class.push(Some(usize::from([x > 0.0, x < 0.0, x.abs() > 0.67][of])));
        number.push(if rng.random_bool(0.03) { f64::NAN } else { x });
        group.push((!rng.random_bool(0.03)).then_some(of));
        noise.push(if rng.random_bool(0.03) { f64::NAN } else { other });
    }
    let columns = vec![
        Column::Continuous(number),
        Column::Categorical(group),
        Column::Continuous(noise),
        Column::Categorical(class),
    ];
    let mut problem = Problem {
        name: "made-up".to_owned(),
        table: Table::new(&schema, columns)?,
        folds: (0..200).map(|row| row % FOLDS).collect(),
        rivals: Vec::new(),
    };
    let methods: [(&str, linear::Method); 2] = [
        ("constant", |training, test| Ok(linear::constant(training, test))),
        ("linear", linear::logistic),
    ];
    for (name, method) in methods {
        let figure =
            |fold| problem.divided(fold).and_then(|(training, test)| method(&training, &test));
        let figures = (0..FOLDS).map(figure).collect::<Result<_>>()?;
        problem.rivals.push((name.to_owned(), figures));
    }
    Ok(problem)
}

/// The tables in a folder; none where it does not exist.
pub(crate) fn fetched(folder: &Path) -> Result<Vec<Problem>> {
    let there = NAMES.iter().filter(|name| folder.join(format!("{name}.baselines.csv")).exists());
    there.map(|name| read(folder, name)).collect()
}

fn read(folder: &Path, name: &str) -> Result<Problem> {
    let rows = numbers(&fs::read_to_string(folder.join(format!("{name}.csv")))?)?;
    let width = rows.first().map_or(0, Vec::len);
    if width < 3 || rows.iter().any(|row| row.len() != width) {
        bail!("{name}.csv: expected rows of a fold, features and a target");
    }
    let column = |place: usize| rows.iter().map(move |row| row[place]);
    let mut attributes = vec![Attribute::Continuous; width - 2];
    let mut columns: Vec<Column> =
        (1..width - 1).map(|place| Column::Continuous(column(place).collect())).collect();
    if name == "diabetes" {
        attributes.push(Attribute::Continuous);
        columns.push(Column::Continuous(column(width - 1).collect()));
    } else {
        let classes = column(width - 1).fold(0.0, f64::max) as usize + 1;
        attributes.push(Attribute::Categorical { classes });
        let class = |class: f64| Some(class as usize);
        columns.push(Column::Categorical(column(width - 1).map(class).collect()));
    }
    let schema = Schema::new(attributes, vec![width - 2])?;
    let text = fs::read_to_string(folder.join(format!("{name}.baselines.csv")))?;
    let (names, figures) = text.split_once('\n').unwrap_or((&text, ""));
    let figures = numbers(figures)?;
    let of = |place: usize| {
        figures.iter().map(|row| row.get(place).copied().unwrap_or(f64::NAN)).collect()
    };
    let names = names.trim().split(',').enumerate();
    Ok(Problem {
        name: name.replace('_', " "),
        table: Table::new(&schema, columns)?,
        folds: column(0).map(|fold| fold as usize).collect(),
        rivals: names.map(|(place, name)| (name.to_owned(), of(place))).collect(),
    })
}

/// Lines of numbers between commas.
fn numbers(text: &str) -> Result<Vec<Vec<f64>>> {
    let number = |number: &str| number.trim().parse().map_err(Error::wrap);
    text.lines().map(|line| line.split(',').map(number).collect()).collect()
}
