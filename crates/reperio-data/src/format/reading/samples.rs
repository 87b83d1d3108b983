//! Which column separates repertoires, and which must not change within one.

use super::super::columns::Places;
use super::super::header::Header;
use super::counts::letters;
use super::sample::Sample;

/// Names of columns that tell repertoires apart, in every format, best first: their letters and digits, in lower
/// case.
const DIVIDING: [&str; 11] = [
    "repertoireid",
    "sampleid",
    "sample",
    "samplename",
    "sampleidentifier",
    "sampletag",
    "tagvaluesample",
    "sampleaccession",
    "biosample",
    "biosamplename",
    "specimen",
];

/// `TCRdb`'s column of runs, in lower case and as it is written: `run_id` and `Run.ID` are of anybody's tables.
const RUNS: &str = "runid";

/// Names of columns that may do so, in the same spelling: where their values change within a repertoire a person
/// must say. Two `data_processing_id` of a repertoire are the same reads annotated twice.
const DOUBTFUL: [&str; 49] = [
    "dataprocessingid",
    "rearrangementsetid",
    "repertoire",
    "repertoiregroupid",
    "barcodesample",
    "origident",
    "hashid",
    "htoclassification",
    "library",
    "libraryid",
    "libraryname",
    "batch",
    "batchid",
    "run",
    "runid",
    "runname",
    "runaccession",
    "srr",
    "accession",
    "lane",
    "pool",
    "replicate",
    "replicateid",
    "timepoint",
    "donor",
    "donorid",
    "donorname",
    "patient",
    "patientid",
    "patientname",
    "subject",
    "subjectid",
    "subjectname",
    "metasubjectid",
    "subjectcondition",
    "individual",
    "individualid",
    "participant",
    "participantid",
    "file",
    "filename",
    "sourcefile",
    "species",
    "organism",
    "animal",
    "animalid",
    "mouse",
    "mouseid",
    "samplebarcode",
];

/// The column of sources that R's `rbindlist` and `bind_rows` add, as it is written: `id` may number the rows.
const BOUND: &str = ".id";

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
    dividing.extend(spelt(header, &DIVIDING));
    dividing.extend(header.find(RUNS));
    let column = dividing.iter().copied().find(|&at| sample.has_values(at));
    let mut watched = Vec::new();
    let doubtful = spelt(header, &DOUBTFUL).into_iter().chain(header.find(BOUND));
    for at in dividing.into_iter().chain(doubtful) {
        if Some(at) != column && !watched.contains(&at) {
            watched.push(at);
        }
    }
    Divided { column, watched }
}

/// The columns with one of `names`, however it is written; all of them where several have the same.
fn spelt(header: &Header, names: &[&str]) -> Vec<usize> {
    let own: Vec<String> = header.names.iter().map(|name| letters(name)).collect();
    let mut places = Vec::new();
    for &wanted in names {
        places.extend((0..own.len()).filter(|&at| own[at] == wanted));
    }
    places
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
        assert_snapshot!(check(table), @r#"case.tsv:3: column `donor` is "P2" here and "P1" before, expected one repertoire or the column that tells them apart: name it with --repertoire-column"#);
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
        assert_snapshot!(check(table), @r#"case.tsv:4: column `data_processing_id` is "mixcr" here and "igblast" before, expected one repertoire or the column that tells them apart: name it with --repertoire-column"#);
    }

    /// Four rows of two samples below a header whose last column is `name`.
    fn two(name: &str) -> String {
        let rows =
            ["A1", "A1", "B2", "B2"].map(|id| format!("CASSYEQYF\tTRBV9\tTRBJ2-7\t5\t{id}\n"));
        check(&format!("junction_aa\tv_call\tj_call\tduplicate_count\t{name}\n{}", rows.concat()))
    }

    #[test]
    fn a_column_of_samples_divides_however_it_is_spelt() {
        let names = [
            "Sample ID",
            "sample-id",
            "Sample.ID",
            "sampleName",
            "Sample_Tag",
            "tagValueSAMPLE",
            "sample_accession",
            "biosample",
            "specimen",
            "RunId",
        ];
        for name in names {
            let text = two(name);
            assert!(text.contains(" A1: 2 of 2 rows\nCASSYEQYF TRBV9 TRBJ2-7 10\n"), "{text}");
            assert!(text.contains(" B2: 2 of 2 rows\nCASSYEQYF TRBV9 TRBJ2-7 10"), "{text}");
        }
    }

    #[test]
    fn a_column_that_may_divide_is_watched_however_it_is_spelt() {
        let names = [
            "Patient.ID",
            "donorID",
            "meta.subject.id",
            "subject:condition",
            "orig_ident",
            "Run.ID",
            "hash.ID",
            "repertoire",
            "lane",
            ".id",
        ];
        for name in names {
            let text = two(name);
            let expected = format!("case.tsv:4: column `{name}` is \"B2\" here and \"A1\" before");
            assert!(text.starts_with(&expected), "{text}");
        }
        let text = two("id");
        assert!(text.contains(" case: 4 of 4 rows\n"), "{text}");
    }

    #[test]
    fn all_columns_of_a_watched_name_are_watched() {
        let table = "junction_aa\tv_call\tj_call\tcount\tsubject\tsubject\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t5\tP1\tP1\nCASSYEQYF\tTRBV9\tTRBJ2-7\t3\tP1\tP2\n";
        let text = check(table);
        assert!(text.starts_with("case.tsv:3: column `subject` is \"P2\" here"), "{text}");
    }
}
