//! Cohorts of any content, for properties.

use std::collections::BTreeSet;

use proptest::prelude::*;
use reperio_data::cohort::{self, Cohort};
use reperio_data::gene::Locus;
use reperio_data::import_counts::{DropReason, ImportCounts};
use reperio_data::metadata::Metadata;
use reperio_data::repertoire::{Builder, Repertoire, Row};

/// The repertoire of rows: junction, V gene, J gene, count.
pub(crate) fn repertoire(id: &str, rows: &[(String, String, String, u64)]) -> Repertoire {
    let mut builder = Builder::default();
    for (junction, v_call, j_call, duplicate_count) in rows {
        let junction_aa = junction.as_str().try_into().unwrap();
        builder.push(Row { junction_aa, v_call, j_call, duplicate_count: *duplicate_count });
    }
    builder.finish(id.to_owned())
}

/// Any counts: a cohort in memory may have been sub-sampled since its rows were counted.
fn counts() -> impl Strategy<Value = ImportCounts> {
    (any::<[u64; 4]>(), any::<u8>(), any::<[bool; 2]>()).prop_map(
        |([rows, kept, n, m], few, has)| {
            let mut counts =
                ImportCounts { rows, kept, clonotypes: n, templates: m, ..Default::default() };
            counts.family_v = u64::from(few);
            if has[0] {
                counts.dropped.insert(DropReason::StopCodon, n);
                counts.dropped.insert(DropReason::SameCell, u64::from(few));
            }
            if has[1] {
                counts.loci.insert(Locus::Trb, m);
            }
            counts
        },
    )
}

/// Text of any letters, control characters among them.
fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let any = prop::collection::vec(any::<char>(), length);
    let any = any.prop_map(String::from_iter);
    prop_oneof![3 => any, 1 => "[a-z./%\\\\ \t\n-]{0,6}", 1 => "(NA|..|a\\.parquet|\\.|)"]
}

/// Cohorts of repertoires with odd ids, some without clonotypes, labels for most of them.
pub(crate) fn cohorts(most: usize) -> impl Strategy<Value = Cohort> {
    let rows = ("C[ACDF]{1,4}F", "(TRBV[1-3]|V é|)", "(TRBJ1|)", 1_u64..4);
    let rows = prop::collection::vec(rows, 0..6);
    let own = (rows, counts(), any::<bool>());
    let repertoires = prop::collection::btree_map(text(0..9), own, 0..most);
    let names = prop::collection::btree_set(text(0..5), 0..3);
    (repertoires, names, any::<u64>()).prop_map(|(repertoires, names, seed)| {
        let (mut all, mut labelled, mut taken) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (id, (rows, counts, is_labelled)) in repertoires {
            // Ids that differ only in case are refused.
            if taken.insert(cohort::file_name(&id).to_ascii_lowercase()) {
                labelled.extend(is_labelled.then(|| id.clone()));
                all.push((repertoire(&id, &rows), counts));
            }
        }
        labelled.reverse();
        let value = |row: usize, name: &str| match (seed >> (row % 60)) & 3 {
            0 => None,
            1 => Some("NA".to_owned()), // A word for no value.
            2 => Some(format!("{name}é\t\"\n")),
            _ => Some("case".to_owned()),
        };
        let columns = names.into_iter().filter(|name| !name.starts_with("import_"));
        let columns = columns.map(|name| {
            let values = (0..labelled.len()).map(|row| value(row, &name)).collect();
            (name, values)
        });
        let columns = columns.collect();
        Cohort::new(all, &Metadata::from_columns(labelled, columns).unwrap())
    })
}
