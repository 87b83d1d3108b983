//! The classes of a cohort as a table: how many repertoires and people each has, how deep and how clonal they are.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use reperio_data::summary::Summary;
use reperio_stats::Groups;
use reperio_stats::moments::quantile;

use super::description::{counts, effect, known};
use crate::shell::table;

/// Repertoires by the label of the first target.
pub(super) struct ByClass<'a> {
    /// Label of each, "" for none.
    pub(super) classes: &'a [String],
    /// Which of them are of one person, if that is known.
    pub(super) people: Option<&'a Groups>,
    /// Clonality of each.
    pub(super) clonality: &'a [Option<f64>],
}

impl ByClass<'_> {
    /// Writes a row for each class. Repertoires without clonotypes are left out, and those without a label where others have
    /// one.
    pub(super) fn write(&self, path: &Path, summaries: &[Summary]) -> Result<()> {
        let mut names: BTreeSet<&str> = self.classes.iter().map(String::as_str).collect();
        if names.len() > 1 {
            names.remove("");
        }
        let usable: Vec<usize> = (0..summaries.len())
            .filter(|&i| summaries[i].clonotypes > 0 && names.contains(self.classes[i].as_str()))
            .collect();
        let of = |name: &str| -> Vec<usize> {
            usable.iter().copied().filter(|&i| self.classes[i] == name).collect()
        };
        let inside: Vec<Vec<usize>> = names.iter().map(|name| of(name)).collect();
        let depth = |rows: &Vec<usize>| -> Vec<f64> {
            rows.iter().map(|&i| summaries[i].clonotypes as f64).collect()
        };
        let clonality = |rows: &[usize]| -> Vec<f64> {
            rows.iter().filter_map(|&i| self.clonality[i]).collect()
        };
        let clonalities: Vec<Vec<f64>> = inside.iter().map(|rows| clonality(rows)).collect();
        let effect = |name: &&str| {
            let (own, others): (Vec<usize>, Vec<usize>) =
                usable.iter().partition(|&&i| self.classes[i] == **name);
            effect(&clonality(&own), &clonality(&others))
        };
        let depths: Vec<Vec<f64>> = inside.iter().map(depth).collect();
        let subjects: Vec<Option<u64>> = inside.iter().map(|rows| self.subjects(rows)).collect();
        let mut columns = vec![
            table::text("class", names.iter().map(|name| (*name).to_owned())),
            counts("repertoires", inside.iter().map(|rows| rows.len() as u64)),
            Series::new("subjects".into(), subjects).into(),
        ];
        columns.extend(quarters("clonotypes", &depths));
        columns.extend(quarters("clonality", &clonalities));
        columns.push(known("clonality_effect", names.iter().map(effect)));
        table::write(path, DataFrame::new(names.len(), columns)?)
    }

    /// People that the repertoires `rows` are of.
    fn subjects(&self, rows: &[usize]) -> Option<u64> {
        let numbers = self.people?.numbers();
        let distinct: BTreeSet<usize> = rows.iter().map(|&i| numbers[i]).collect();
        Some(distinct.len() as u64)
    }
}

/// Where the quarters of the values of each class end.
fn quarters(name: &str, classes: &[Vec<f64>]) -> Vec<Column> {
    let sorted = |own: &Vec<f64>| {
        let mut own = own.clone();
        own.sort_by(f64::total_cmp);
        own
    };
    let sorted: Vec<Vec<f64>> = classes.iter().map(sorted).collect();
    let ends = [("lower", 0.25), ("median", 0.5), ("upper", 0.75)];
    let column = |(end, share): (&str, f64)| {
        known(&format!("{name}_{end}"), sorted.iter().map(|own| quantile(own, share)))
    };
    ends.map(column).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_their_own_people_and_quarters() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("classes.tsv");
        let summary = |clonotypes| Summary { clonotypes, ..Summary::default() };
        let summaries = [10, 20, 30, 0, 40, 50].map(summary);
        let classes = ["sick", "sick", "well", "well", "well", ""].map(str::to_owned);
        let people = Groups::of(&["a", "a", "b", "b", "c", "d"]);
        let clonality = [Some(0.5), Some(0.75), Some(0.25), None, None, Some(0.9)];
        let own = ByClass { classes: &classes, people: Some(&people), clonality: &clonality };
        own.write(&path, &summaries).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let effect = (0.625 - 0.25) / (0.125_f64 / 3.0).sqrt();
        let expected = format!(
            "class\trepertoires\tsubjects\tclonotypes_lower\tclonotypes_median\tclonotypes_upper\tclonality_lower\tclonality_median\tclonality_upper\tclonality_effect\n\
             sick\t2\t1\t12.5\t15.0\t17.5\t0.5625\t0.625\t0.6875\t{effect}\n\
             well\t2\t2\t32.5\t35.0\t37.5\t0.25\t0.25\t0.25\t{}\n",
            -effect
        );
        assert_eq!(text, expected);
    }
}
