//! What the heads of a model attend to, in a table and in words.

use std::path::Path;

use anyhow::Result;
use polars::prelude::{Column, DataFrame};
use reperio_model::explain::{ExplainedRepertoire, HeadSummary, head_names};
use reperio_model::model::{Common, Explanation, Model};

use crate::shell::output::{align, row};
use crate::shell::table;

/// Writes a row for each head in each repertoire.
pub(crate) fn write(path: &Path, model: &Model, all: &[ExplainedRepertoire]) -> Result<()> {
    let names = head_names(model);
    let rows =
        || all.iter().flat_map(|own| own.heads.iter().enumerate().map(move |head| (own, head)));
    let number = |name: &str, values: Vec<u64>| Column::new(name.into(), values);
    let columns = vec![
        table::text("repertoire_id", rows().map(|(own, _)| own.id.clone())),
        table::text(
            "attention",
            rows().map(|(_, (column, _))| format!("attention_{}", column + 1)),
        ),
        number("member", rows().map(|(_, (column, _))| names[column].member as u64).collect()),
        number("head", rows().map(|(_, (column, _))| names[column].head as u64).collect()),
        number("clonotypes", rows().map(|(own, _)| own.clonotypes as u64).collect()),
        number("sequences_90", rows().map(|(_, (_, head))| head.sequences as u64).collect()),
        table::text("operating_class", rows().map(|(_, (_, head))| head.class.to_string())),
    ];
    table::write(path, DataFrame::new(rows().count(), columns)?)
}

/// Clonotypes at which the curve of attention is written: 1, 2, 5, 10, 20, 50 and so on, and all.
fn places(clonotypes: usize) -> Vec<usize> {
    let decades = (0..).map_while(|power| 10_usize.checked_pow(power));
    let round = decades.flat_map(|unit| [1, 2, 5].map(|factor| unit.saturating_mul(factor)));
    let inside = round.take_while(|place| *place < clonotypes);
    inside.chain((clonotypes > 0).then_some(clonotypes)).collect()
}

/// Writes how much of each head's attention its most attended clonotypes of one repertoire carry together.
pub(crate) fn write_curve(path: &Path, explanation: &Explanation) -> Result<()> {
    let Explanation { attention, heads, .. } = explanation;
    let places = places(attention.len() / (*heads).max(1));
    let curve = |head: usize| -> Vec<f64> {
        let mut own: Vec<f32> = attention.iter().skip(head).step_by(*heads).copied().collect();
        own.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut sum = 0.0;
        let sums: Vec<f64> = own
            .into_iter()
            .map(|share| {
                sum += f64::from(share);
                sum
            })
            .collect();
        places.iter().map(|place| sums[place - 1]).collect()
    };
    let numbers: Vec<u64> = places.iter().map(|&place| place as u64).collect();
    let mut columns = vec![Column::new("clonotypes".into(), numbers)];
    columns.extend(
        (0..*heads).map(|head| Column::new(format!("attention_{}", head + 1).into(), curve(head))),
    );
    table::write(path, DataFrame::new(places.len(), columns)?)
}

/// A line for each head: how widely it attends, and to what.
pub(crate) fn lines(heads: &[HeadSummary]) -> Vec<String> {
    if heads.is_empty() {
        return vec!["The model has no network: no attention".to_owned()];
    }
    let mut rows = vec![row([&"head", &"sequences with 90 %", &"share", &"class"])];
    let mut attended = vec!["motifs of the most attended (of all)".to_owned()];
    for head in heads {
        let share = format!("{:.1} %", 100.0 * head.share);
        rows.push(row([&head.attention, &head.sequences, &share, &head.class]));
        attended.push(motifs(head));
    }
    let lines = align(&rows).into_iter().zip(attended);
    lines.map(|(line, motifs)| format!("{line}  {motifs}")).collect()
}

/// The motifs of a head with their shares among the most attended and among all sequences.
fn motifs(head: &HeadSummary) -> String {
    let motif = |own: &Common| {
        let [share, elsewhere] = [own.share, own.elsewhere].map(|share| 100.0 * share);
        format!("{} {share:.0} % ({elsewhere:.1} %)", own.kmer)
    };
    match &head.attends_to[..] {
        [] => "no motif in common".to_owned(),
        motifs => motifs.iter().map(motif).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_ends_with_all() {
        assert_eq!(places(0), [0; 0]);
        assert_eq!(places(1), [1]);
        assert_eq!(places(30), [1, 2, 5, 10, 20, 30]);
    }
}
