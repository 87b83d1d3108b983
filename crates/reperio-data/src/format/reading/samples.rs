//! Which column tells repertoires apart, and which must not change within one.

use super::super::columns::Places;
use super::super::header::Header;
use super::sample::Sample;

/// Names of columns that tell repertoires apart, in every format.
const DIVIDING: [&str; 8] = [
    "repertoire_id",
    "sample_id",
    "sample",
    "sample_name",
    "sample.name",
    "sampleid",
    "sample name",
    "runid",
];

/// Names of columns that may do so: where their values change within a repertoire a person must say.
/// Two `data_processing_id` of a repertoire are the same reads annotated twice.
const DOUBTFUL: [&str; 22] = [
    "data_processing_id",
    "orig.ident",
    "library",
    "library_id",
    "batch",
    "run",
    "run_id",
    "donor",
    "donor_id",
    "patient",
    "patient_id",
    "subject",
    "subject_id",
    "individual",
    "file",
    "filename",
    "file_name",
    "file.name",
    "source_file",
    "species",
    "organism",
    "mouse_id",
];

/// The column that tells repertoires apart, and those that must say the same in all rows of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Divided {
    pub(super) column: Option<usize>,
    pub(super) watched: Vec<usize>,
}

/// Decides by what a table divides. `asked` is the column that a person named.
pub(super) fn decide(
    sample: &Sample,
    places: &Places,
    header: &Header,
    asked: Option<usize>,
) -> Divided {
    if asked.is_some() {
        return Divided { column: asked, watched: Vec::new() };
    }
    let mut dividing = places.repertoire_id.clone();
    dividing.extend(header.all(&DIVIDING));
    let mut seen = Vec::new();
    dividing.retain(|at| {
        let is_new = !seen.contains(at);
        seen.push(*at);
        is_new
    });
    let column = dividing.iter().copied().find(|&at| sample.has_values(at));
    let mut watched = dividing;
    watched.extend(header.all(&DOUBTFUL));
    watched.retain(|&at| Some(at) != column);
    Divided { column, watched }
}

#[cfg(test)]
mod tests {
    use super::super::super::ReadOptions;
    use super::super::super::testing::{check, check_with};
    use insta::assert_snapshot;

    #[test]
    fn a_column_of_samples_divides_in_every_format() {
        let table = "Clones\tProportion\tCDR3.nt\tCDR3.aa\tV.name\tD.name\tJ.name\tSample\n\
            5\t0.5\tTGT\tCASSYEQYF\tTRBV9\tTRBD1\tTRBJ2-7\tS1\n\
            3\t0.5\tTGT\tCASSYEQYF\tTRBV9\tTRBD1\tTRBJ2-7\tS2\n";
        assert_snapshot!(check(table), @r"
        immunarch S1: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 5
        immunarch S2: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 3
        ");
    }

    #[test]
    fn a_column_that_may_divide_must_not_change() {
        let table = "junction_aa\tv_call\tj_call\tcount\tdonor\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t5\tP1\nCASSYEQYF\tTRBV9\tTRBJ2-7\t3\tP2\n";
        assert_snapshot!(check(table), @r#"case.tsv:3: column `donor` is "P2" here and "P1" before, expected one repertoire or the column that tells them apart: --repertoire-column says which"#);
        let repertoire_column = Some("donor".to_owned());
        let options = ReadOptions { repertoire_column, ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        airr-ml-25 P1: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 5
        airr-ml-25 P2: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 3
        ");
        let one = table.replace("P2", "P1");
        assert!(check(&one).starts_with("airr-ml-25 case: 2 of 2 rows"));
    }

    #[test]
    fn the_same_reads_annotated_twice_are_refused() {
        let table = "repertoire_id\tdata_processing_id\tjunction_aa\tv_call\tj_call\tduplicate_count\n\
            R1\tigblast\tCASSYEQYF\tTRBV9\tTRBJ2-7\t5\nR2\tigblast\tCASSYEQYF\tTRBV9\tTRBJ2-7\t5\n\
            R1\tmixcr\tCASSYEQYF\tTRBV9\tTRBJ2-7\t5\n";
        assert_snapshot!(check(table), @r#"case.tsv:4: column `data_processing_id` is "mixcr" here and "igblast" before, expected one repertoire or the column that tells them apart: --repertoire-column says which"#);
    }
}
