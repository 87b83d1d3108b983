//! Columns that say whether a row is usable, under names that the format does not list.

use super::super::columns::{Check, Places};
use super::super::header::Header;
use super::super::verdict::verdict;
use super::sample::Sample;
use crate::import_counts::DropReason;

/// What drops a row whose status says no, in the constants below.
const UNPRODUCTIVE: Check = Check::Said(DropReason::Unproductive);
const OUT_OF_FRAME: Check = Check::Said(DropReason::OutOfFrame);

/// Names, in lower case, of columns whose meaning is certain if their values fit it. Of `status` and of a frame
/// only words are certain: numbers count something.
const NAMES: [(&str, Check); 27] = [
    ("productive", UNPRODUCTIVE),
    ("is_productive", UNPRODUCTIVE),
    ("isproductive", UNPRODUCTIVE),
    ("productivity", UNPRODUCTIVE),
    ("functional", UNPRODUCTIVE),
    ("is_functional", UNPRODUCTIVE),
    ("functionality", Check::Words),
    ("in_frame", OUT_OF_FRAME),
    ("inframe", OUT_OF_FRAME),
    ("in-frame", OUT_OF_FRAME),
    ("vj_in_frame", OUT_OF_FRAME),
    ("is_in_frame", OUT_OF_FRAME),
    ("out_of_frame", Check::Flaw(DropReason::OutOfFrame)),
    ("outofframe", Check::Flaw(DropReason::OutOfFrame)),
    ("out-of-frame", Check::Flaw(DropReason::OutOfFrame)),
    ("is_out_of_frame", Check::Flaw(DropReason::OutOfFrame)),
    ("stop_codon", Check::Flaw(DropReason::StopCodon)),
    ("has_stop_codon", Check::Flaw(DropReason::StopCodon)),
    ("frame_type", Check::Words),
    ("frametype", Check::Words),
    ("reading_frame", Check::Words),
    ("frame", Check::Words),
    ("sequencestatus", Check::Words),
    ("sequence_status", Check::Words),
    ("status", Check::Words),
    ("unproductive", Check::Flaw(DropReason::Unproductive)),
    ("is_cell", Check::Cell),
];

/// The status columns of the format, and the others that are certain.
pub(super) fn checks(sample: &Sample, places: &Places, header: &Header) -> Vec<(usize, Check)> {
    let mut checks = places.checks.clone();
    for (name, check) in NAMES {
        let Some(at) = header.find(name) else { continue };
        let fits = || sample.values(at).all(|value| verdict(check, value).is_ok());
        if checks.iter().all(|&(known, _)| known != at) && sample.has_values(at) && fits() {
            checks.push((at, check));
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn a_status_is_used_under_another_name() {
        let table = "count\tfreq\tcdr3nt\tcdr3aa\tv\td\tj\tfunctional\n\
            7\t0.7\tTGT\tCASSYEQYF\tTRBV9\t.\tTRBJ2-7\tTRUE\n\
            3\t0.3\tTGT\tCASSLYEQYF\tTRBV9\t.\tTRBJ2-7\tFALSE\n";
        assert_snapshot!(check(table), @r"
        vdjtools case: 1 of 2 rows
        CASSYEQYF TRBV9 TRBJ2-7 7
        dropped: unproductive 1
        ");
        let words = table.replace("TRUE", "F").replace("FALSE", "ORF");
        assert!(check(&words).starts_with("vdjtools case: 2 of 2 rows"));
    }

    #[test]
    fn a_status_is_used_in_other_words() {
        let columns = [
            ("out_of_frame", "FALSE", "TRUE"),
            ("status", "Productive", "Non-productive"),
            ("productivity", "productive", "unproductive"),
            ("reading_frame", "in-frame", "out-of-frame"),
            ("frame_type", "in-frame", "out-of-frame"),
            ("productive", "1", "0"),
            ("productive", "Yes", "No"),
            ("sequenceStatus", "Productive", "Out"),
        ];
        for (name, good, bad) in columns {
            let table = format!(
                "count\tfreq\tcdr3nt\tcdr3aa\tv\td\tj\t{name}\n\
                 7\t0.7\tTGT\tCASSYEQYF\tTRBV9\t.\tTRBJ2-7\t{good}\n\
                 3\t0.3\tTGT\tCASSLYEQYF\tTRBV9\t.\tTRBJ2-7\t{bad}\n"
            );
            let read = check(&table);
            assert!(read.starts_with("vdjtools case: 1 of 2 rows"), "{name}: {read}");
            assert!(read.contains("CASSYEQYF"), "{name}: {read}");
        }
        for (good, bad) in [("T", "F"), ("1", "0"), ("Yes", "No"), ("y", "n"), ("TRUE", "FALSE")] {
            let read = check(&format!(
                "junction_aa\tv_call\tj_call\tproductive\nCASSYEQYF\tTRBV9\tTRBJ2-7\t{good}\n\
                 CASSLYEQYF\tTRBV9\tTRBJ2-7\t{bad}\n"
            ));
            assert!(read.starts_with("airr case: 1 of 2 rows\nCASSYEQYF"), "{good}: {read}");
        }
    }

    #[test]
    fn a_status_with_other_words_is_pointed_out() {
        for (name, word) in
            [("status", "unproductive"), ("status", "out-of-frame"), ("QC", "Non-functional")]
        {
            let table = format!(
                "junction_aa\tv_call\tj_call\tduplicate_count\t{name}\n\
                 CASSYEQYF\tTRBV9\tTRBJ2-7\t3\tOK\nCASSLYEQYF\tTRBV9\tTRBJ2-7\t3\t{word}\n"
            );
            let read = check(&table);
            assert!(read.starts_with("airr case: 2 of 2 rows"), "{read}");
            let hint =
                format!("`{name}` looks like a status and is not read: --column productive={name}");
            assert!(read.contains(&hint), "{read}");
        }
    }

    #[test]
    fn a_status_of_the_donor_is_none_of_the_row() {
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\tstatus\n\
            CASSYEQYF\tTRBV9\tTRBJ2-7\t3\thealthy\nCASSLYEQYF\tTRBV9\tTRBJ2-7\t3\t0\n";
        assert!(check(table).starts_with("airr case: 2 of 2 rows"));
    }
}
