//! Folders in which a program writes one sample as several tables.
//!
//! IMGT/HighV-QUEST writes up to eleven tables of the same sequences, `1_Summary` to `11_Parameters`; Cell Ranger
//! writes filtered, unfiltered and summarised contigs side by side. Each such folder is one sample.

use std::collections::BTreeMap;
use std::path::Path;

/// Tables of IMGT/HighV-QUEST by what their names begin with, the one to read first.
const IMGT: [&str; 12] = [
    "1_Summary",
    "3_Nt-sequences",
    "6_Junction",
    "2_IMGT-gapped-nt-sequences",
    "5_AA-sequences",
    "4_IMGT-gapped-AA-sequences",
    "7_V-REGION-mutation-and-AA-change-table",
    "8_V-REGION-nt-mutation-statistics",
    "9_V-REGION-AA-change-statistics",
    "10_V-REGION-mutation-hotspots",
    "11_Parameters",
    "12_scFv",
];

/// Tables of Cell Ranger by what their names end with, the one to read first.
const CELL_RANGER: [&str; 5] = [
    "filtered_contig_annotations",
    "all_contig_annotations",
    "airr_rearrangement",
    "consensus_annotations",
    "clonotypes",
];

/// Folders of Cell Ranger that are named alike for every sample.
const COMMON: [&str; 1] = ["outs"];
/// Folders of Cell Ranger that are named after what was sequenced.
const LIBRARIES: [&str; 3] = ["vdj_t", "vdj_b", "vdj_t_gd"];

/// A table of a known program.
struct Part<'a> {
    program: &'static str,
    /// Tables of one sample have the same.
    sample: &'a str,
    /// Place in the program's list.
    order: usize,
}

/// Which table of which program a file name without its extensions is.
fn part(stem: &str) -> Option<Part<'_>> {
    let imgt = IMGT.iter().enumerate().find_map(|(order, start)| {
        let rest = stem.strip_prefix(start)?;
        let sample = if rest.is_empty() { rest } else { rest.strip_prefix('_')? };
        Some(Part { program: "IMGT/HighV-QUEST", sample, order })
    });
    imgt.or_else(|| {
        CELL_RANGER.iter().enumerate().find_map(|(order, end)| {
            let rest = stem.strip_suffix(end)?;
            let sample = if rest.is_empty() { rest } else { rest.strip_suffix('_')? };
            Some(Part { program: "Cell Ranger", sample, order })
        })
    })
}

/// Of the files of one folder (names without extensions, and whether they can be read), those that repeat the sample
/// of another one, with the reason.
pub(super) fn repeats(files: &[(String, bool)]) -> BTreeMap<usize, String> {
    let mut samples: BTreeMap<(&str, &str), Vec<(usize, usize)>> = BTreeMap::new();
    for (i, (stem, _)) in files.iter().enumerate() {
        if let Some(Part { program, sample, order }) = part(stem) {
            samples.entry((program, sample)).or_default().push((order, i));
        }
    }
    let mut repeats = BTreeMap::new();
    for ((program, _), mut tables) in samples {
        tables.sort_unstable();
        let Some(&(first, read)) = tables.iter().find(|(_, i)| files[*i].1) else { continue };
        // Summaries alone may be of another program.
        if program == "Cell Ranger" && first > 2 {
            continue;
        }
        let reason =
            format!("another table of the same {program} sample, which {} has", files[read].0);
        let others = tables.iter().filter(|(_, i)| *i != read);
        repeats.extend(others.map(|&(_, i)| (i, reason.clone())));
    }
    repeats
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
        let repeats = repeats(&files);
        repeats.iter().map(|(&i, reason)| format!("{}: {reason}", stems[i])).collect()
    }

    #[test]
    fn tables_of_one_sample_are_read_once() {
        insta::assert_snapshot!(check(&["1_Summary", "11_Parameters", "5_AA-sequences", "mine"]).join("\n"), @r"
        11_Parameters: another table of the same IMGT/HighV-QUEST sample, which 1_Summary has
        5_AA-sequences: another table of the same IMGT/HighV-QUEST sample, which 1_Summary has
        ");
        insta::assert_snapshot!(check(&["1_Summary_a", "1_Summary_b", "3_Nt-sequences_b"]).join("\n"), @"3_Nt-sequences_b: another table of the same IMGT/HighV-QUEST sample, which 1_Summary_b has");
        insta::assert_snapshot!(check(&["S_all_contig_annotations", "S_filtered_contig_annotations", "T_all_contig_annotations"]).join("\n"), @"S_all_contig_annotations: another table of the same Cell Ranger sample, which S_filtered_contig_annotations has");
        assert!(check(&["clonotypes", "consensus_annotations", "a_clonotypes"]).is_empty());
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
}
