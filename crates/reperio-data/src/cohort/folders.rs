//! Folders in which a program writes one sample as several tables.
//!
//! IMGT/HighV-QUEST writes up to eleven tables of the same sequences, `1_Summary` to `11_Parameters`; Cell Ranger
//! writes filtered, unfiltered and summarised contigs side by side; `MiXCR` writes all chains together, each chain alone, or
//! both; TRUST4 writes its clonotypes and the sequences they were assembled from. Each such set of tables is one sample.

use std::collections::BTreeMap;
use std::path::Path;

/// How a program names the tables of one sample, each without extensions.
struct Layout {
    program: &'static str,
    /// Beginnings (the sample follows) or ends (the sample comes before) of the names, in the order of reading.
    tables: &'static [&'static str],
    /// How many of these, from the first, hold the whole sample.
    whole: usize,
    position: Position,
    /// What may be between table and sample.
    between: &'static [char],
    /// Whether the table's name may be alone, so that the folder names the sample.
    alone: bool,
    /// Whether the tables that do not hold the whole sample are each of the chains that end their names.
    chains: bool,
}

/// Where the name of the table is.
enum Position {
    First,
    Last,
}

/// The programs that are known.
static LAYOUTS: [Layout; 6] = [
    Layout {
        program: "IMGT/HighV-QUEST",
        tables: &[
            "1_Summary",
            "3_Nt-sequences",
            "6_Junction",
            "vquest_airr",
            "2_IMGT-gapped-nt-sequences",
            "5_AA-sequences",
            "4_IMGT-gapped-AA-sequences",
            "7_V-REGION-mutation-and-AA-change-table",
            "8_V-REGION-nt-mutation-statistics",
            "9_V-REGION-AA-change-statistics",
            "10_V-REGION-mutation-hotspots",
            "11_Parameters",
            "12_scFv",
        ],
        whole: 13,
        position: Position::First,
        between: &['_'],
        alone: true,
        chains: false,
    },
    Layout {
        program: "Cell Ranger",
        tables: &[
            "filtered_contig_annotations",
            "all_contig_annotations",
            "airr_rearrangement",
            "consensus_annotations",
            "clonotypes",
        ],
        // Summaries alone may be of another program.
        whole: 3,
        position: Position::Last,
        between: &['_', '-', '.'],
        alone: true,
        chains: false,
    },
    Layout {
        program: "BD Rhapsody",
        tables: &["VDJ_Dominant_Contigs_AIRR", "VDJ_Unfiltered_Contigs_AIRR"],
        whole: 2,
        position: Position::Last,
        between: &['_', '-', '.'],
        alone: false,
        chains: false,
    },
    Layout {
        program: "MiXCR 4",
        tables: &[
            "clones",
            "clones_TRAD",
            "clones_TRA",
            "clones_TRB",
            "clones_TRD",
            "clones_TRG",
            "clones_IGH",
            "clones_IGK",
            "clones_IGL",
            "clones_IG",
            "clones_TR",
        ],
        whole: 1,
        position: Position::Last,
        between: &['.'],
        alone: false,
        chains: true,
    },
    Layout {
        program: "MiXCR 3",
        tables: &[
            "clonotypes.ALL",
            "clonotypes.TRA",
            "clonotypes.TRB",
            "clonotypes.TRD",
            "clonotypes.TRG",
            "clonotypes.TRAD",
            "clonotypes.IGH",
            "clonotypes.IGK",
            "clonotypes.IGL",
        ],
        whole: 1,
        position: Position::Last,
        between: &['.'],
        alone: false,
        chains: true,
    },
    Layout {
        program: "TRUST4",
        tables: &[
            "barcode_airr",
            "report",
            "airr",
            "barcode_report",
            "annot",
            "cdr3.out",
            "final.out",
            "raw.out",
            "assign.out",
            "airr_align",
            "assembled_reads",
        ],
        whole: 3,
        position: Position::Last,
        between: &['_'],
        alone: false,
        chains: false,
    },
];

/// Folders of Cell Ranger that are named alike for every sample.
const COMMON: [&str; 1] = ["outs"];
/// Folders of Cell Ranger that are named after what was sequenced.
const LIBRARIES: [&str; 3] = ["vdj_t", "vdj_b", "vdj_t_gd"];

/// A table of a known program.
struct Part<'a> {
    layout: &'static Layout,
    /// Tables of one sample have the same.
    sample: &'a str,
    /// Place in the program's list.
    order: usize,
}

/// Which table of which program a file name without its extensions is; of names within names the longest.
fn part(stem: &str) -> Option<Part<'_>> {
    LAYOUTS.iter().find_map(|layout| {
        let tables = layout.tables.iter().enumerate();
        let parts = tables.filter_map(|(order, table)| {
            let sample = layout.sample(stem, table)?;
            Some(Part { layout, sample, order })
        });
        parts.min_by_key(|part| part.sample.len())
    })
}

impl Layout {
    /// The name of the sample whose `table` a file is.
    fn sample<'a>(&self, stem: &'a str, table: &str) -> Option<&'a str> {
        let rest = match self.position {
            Position::First => stem.strip_prefix(table)?,
            Position::Last => stem.strip_suffix(table)?,
        };
        if rest.is_empty() {
            return self.alone.then_some(rest);
        }
        match self.position {
            Position::First => rest.strip_prefix(self.between),
            Position::Last => rest.strip_suffix(self.between),
        }
    }
}

/// What the tables of a folder are that a program wrote of one sample. Files are numbered.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Those that repeat the sample of another one, with the reason.
    pub(super) repeats: BTreeMap<usize, String>,
    /// Samples of several tables, each of other chains: their names, and those tables in the order of the folder.
    pub(super) chains: Vec<(String, Vec<usize>)>,
}

/// Sorts the files of one folder: names without extensions, and whether they can be read.
pub(super) fn sort(files: &[(String, bool)]) -> Tables {
    let mut samples: BTreeMap<(&str, &str), (&Layout, Vec<_>)> = BTreeMap::new();
    for (i, (stem, _)) in files.iter().enumerate() {
        if let Some(Part { layout, sample, order }) = part(stem) {
            let own = samples.entry((layout.program, sample));
            own.or_insert((layout, Vec::new())).1.push((order, i));
        }
    }
    let mut found = Tables::default();
    for ((_, sample), (layout, mut tables)) in samples {
        tables.sort_unstable();
        let readable: Vec<_> = tables.iter().copied().filter(|(_, i)| files[*i].1).collect();
        let Some(&(first, read)) = readable.first() else { continue };
        if first < layout.whole {
            let others = tables.iter().filter(|(_, i)| *i != read);
            found.repeats.extend(others.map(|&(_, i)| (i, layout.repeated(&files[read].0))));
        } else if layout.chains {
            layout.divide(sample, &readable, files, &mut found);
        }
    }
    found
}

impl Layout {
    /// Why a file is not read: `read` has its sample.
    fn repeated(&self, read: &str) -> String {
        format!("another table of the same {} sample, which is read from {read}", self.program)
    }

    /// Divides the tables of the chains of one sample: what another one covers is a repetition.
    fn divide(
        &self,
        sample: &str,
        tables: &[(usize, usize)],
        files: &[(String, bool)],
        found: &mut Tables,
    ) {
        let mut apart = Vec::new();
        for &(order, i) in tables {
            let is_above = |&&(other, _): &&(usize, usize)| {
                covers(chain(self.tables[other]), chain(self.tables[order]))
            };
            match tables.iter().find(is_above) {
                Some(&(_, above)) => {
                    found.repeats.insert(i, self.repeated(&files[above].0));
                }
                None => apart.push(i),
            }
        }
        if apart.len() > 1 {
            apart.sort_unstable();
            found.chains.push((sample.to_owned(), apart));
        }
    }
}

/// The chains that end the name of a table: `TRB` of `clones_TRB`.
fn chain(table: &str) -> &str {
    table.rsplit(['_', '.']).next().unwrap_or_default()
}

/// Whether a table of the chains `a` holds those of `b` and more.
fn covers(a: &str, b: &str) -> bool {
    match a {
        "IG" | "TR" => b.len() > 2 && b.starts_with(a),
        "TRAD" => matches!(b, "TRA" | "TRD"),
        _ => false,
    }
}

/// The sample of a table that is named alike for every sample: the name of its folder. `stem` is the file name
/// without extensions.
pub(super) fn sample(path: &Path, stem: &str) -> Option<String> {
    let Part { sample, .. } = part(stem)?;
    if !sample.is_empty() {
        return None;
    }
    let folder = path.canonicalize().ok()?;
    let mut names = folder
        .ancestors()
        .skip(1)
        .map(|folder| folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let mut next = || names.find(|name| !COMMON.contains(&name.as_str()));
    let name = next().filter(|name| !name.is_empty())?;
    if LIBRARIES.contains(&name.as_str()) {
        return next().filter(|above| !above.is_empty()).map(|above| format!("{above}_{name}"));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stems: &[&str]) -> Vec<String> {
        let files: Vec<_> = stems.iter().map(|stem| ((*stem).to_owned(), true)).collect();
        let repeats = sort(&files).repeats;
        repeats.iter().map(|(&i, reason)| format!("{}: {reason}", stems[i])).collect()
    }

    #[test]
    fn tables_of_one_sample_are_read_once() {
        insta::assert_snapshot!(check(&["1_Summary", "11_Parameters", "5_AA-sequences", "mine"]).join("\n"), @r"
        11_Parameters: another table of the same IMGT/HighV-QUEST sample, which is read from 1_Summary
        5_AA-sequences: another table of the same IMGT/HighV-QUEST sample, which is read from 1_Summary
        ");
        insta::assert_snapshot!(check(&["1_Summary_a", "1_Summary_b", "3_Nt-sequences_b"]).join("\n"), @"3_Nt-sequences_b: another table of the same IMGT/HighV-QUEST sample, which is read from 1_Summary_b");
        insta::assert_snapshot!(check(&["S_all_contig_annotations", "S_filtered_contig_annotations", "T_all_contig_annotations"]).join("\n"), @"S_all_contig_annotations: another table of the same Cell Ranger sample, which is read from S_filtered_contig_annotations");
        assert!(check(&["clonotypes", "consensus_annotations", "a_clonotypes"]).is_empty());
    }

    #[test]
    fn tables_of_chains_are_one_sample() {
        let sorted = |stems: &[&str]| {
            let files: Vec<_> = stems.iter().map(|stem| ((*stem).to_owned(), true)).collect();
            let chains = sort(&files).chains.into_iter().map(|(sample, tables)| {
                let tables: Vec<&str> = tables.iter().map(|&i| stems[i]).collect();
                format!("{sample}: {}", tables.join(" "))
            });
            (chains.collect::<Vec<_>>().join("\n"), check(stems).join("\n"))
        };
        let (chains, repeats) = sorted(&["S1.clones_TRA", "S1.clones_TRB", "S2.clones_TRB"]);
        assert_eq!((&chains[..], &repeats[..]), ("S1: S1.clones_TRA S1.clones_TRB", ""));
        let (chains, repeats) = sorted(&["S.clones_TRA", "S.clones_TRAD", "S.clones_TRB"]);
        assert_eq!(chains, "S: S.clones_TRAD S.clones_TRB");
        assert_eq!(
            repeats,
            "S.clones_TRA: another table of the same MiXCR 4 sample, which is read from S.clones_TRAD"
        );
        let (chains, _) = sorted(&["S.clones_IG", "S.clones_IGH", "S.clones_TR", "S.clones_TRB"]);
        assert_eq!(chains, "S: S.clones_IG S.clones_TR");
        let (chains, _) = sorted(&["S.clonotypes.IGH", "S.clonotypes.TRB", "S.clones_TRB"]);
        assert_eq!(chains, "S: S.clonotypes.IGH S.clonotypes.TRB");
        let (chains, _) = sorted(&["S.clones", "S.clones_TRA", "S.clones_TRB"]);
        assert_eq!(chains, "", "the table of all chains is read");
    }

    #[test]
    fn a_sample_is_named_after_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str, stem: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            sample(&path, stem)
        };
        let stem = "filtered_contig_annotations";
        assert_eq!(of("S1/outs/filtered_contig_annotations.csv", stem), Some("S1".to_owned()));
        let name = "x/outs/per_sample_outs/S2/vdj_b/filtered_contig_annotations.csv";
        assert_eq!(of(name, stem), Some("S2_vdj_b".to_owned()));
        assert_eq!(of("P3/1_Summary.txt", "1_Summary"), Some("P3".to_owned()));
        assert_eq!(of("P3/1_Summary_x.txt", "1_Summary_x"), None);
        assert_eq!(of("P3/a.tsv", "a"), None);
    }

    #[test]
    fn tables_of_one_run_are_one_sample() {
        let read = |stems: &[&str]| {
            let left_out = check(stems);
            let is_read = |stem: &&&str| {
                !left_out.iter().any(|line| line.starts_with(&format!("{stem}: another table")))
            };
            stems.iter().filter(is_read).copied().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            read(&["S1.clones", "S1.clones_TRAD", "S1.clones_TRB", "S2.clones_TRB"]),
            "S1.clones S2.clones_TRB"
        );
        assert_eq!(
            read(&["S1.clonotypes.ALL", "S1.clonotypes.TRA", "S2.clonotypes.TRB"]),
            "S1.clonotypes.ALL S2.clonotypes.TRB"
        );
        assert_eq!(
            read(&["S_airr", "S_annot", "S_cdr3.out", "S_final.out", "S_report", "T_airr"]),
            "S_report T_airr"
        );
        assert_eq!(read(&["S_barcode_airr", "S_barcode_report", "S_report"]), "S_barcode_airr");
        assert_eq!(read(&["S_annot", "S_cdr3.out"]), "S_annot S_cdr3.out");
        assert_eq!(
            read(&["S_VDJ_Dominant_Contigs_AIRR", "S_VDJ_Unfiltered_Contigs_AIRR"]),
            "S_VDJ_Dominant_Contigs_AIRR"
        );
        assert_eq!(read(&["1_Summary", "vquest_airr"]), "1_Summary");
        assert_eq!(
            read(&["S-all_contig_annotations", "S-filtered_contig_annotations"]),
            "S-filtered_contig_annotations"
        );
        assert_eq!(
            read(&["clones", "clones_TRB", "airr", "report"]),
            "clones clones_TRB airr report"
        );
    }
}
