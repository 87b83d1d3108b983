//! Columns that say of a row whether it is usable, where the format has them under other names.

use super::super::columns::{Check, Places};
use super::super::header::Header;
use super::super::verdict::verdict;
use super::sample::Sample;

/// Names, in lower case, of columns whose meaning is certain if their values fit it.
const NAMES: [(&str, Check); 12] = [
    ("productive", Check::Productive),
    ("is_productive", Check::Productive),
    ("isproductive", Check::Productive),
    ("functional", Check::Productive),
    ("is_functional", Check::Productive),
    ("in_frame", Check::InFrame),
    ("inframe", Check::InFrame),
    ("vj_in_frame", Check::InFrame),
    ("stop_codon", Check::StopCodon),
    ("frame_type", Check::FrameType),
    ("sequencestatus", Check::FrameType),
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
}
