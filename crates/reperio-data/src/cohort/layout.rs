//! Names in a store, by which one is recognised.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The manifest; a folder with it is a finished cohort.
pub(super) const MANIFEST: &str = "manifest.json";
/// The manifest of the cohort that an unfinished import was changing.
pub(super) const PREVIOUS: &str = ".manifest.previous.json";
/// Sources done so far by an unfinished import.
pub(super) const JOURNAL: &str = "import.journal";
/// Labels and import counts.
pub(super) const COHORT: &str = "cohort.parquet";

/// Whether a folder is a cohort store, finished or not.
pub(super) fn is_store(folder: &Path) -> bool {
    [JOURNAL, PREVIOUS, COHORT].iter().any(|name| folder.join(name).is_file())
        || fs::read_to_string(folder.join(MANIFEST))
            .is_ok_and(|text| text.contains("cohort_format"))
}

/// The id with all bytes that are not letters, digits, `-`, `_` or an inner `.` as `%` and two
/// hexadecimal digits; distinct ids give distinct names.
pub fn file_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (i, byte) in id.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && i > 0) {
            name.push(char::from(byte));
        } else {
            write!(name, "%{byte:02X}").expect("text grows as it must");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_become_safe_file_names() {
        assert_eq!(file_name("donor-1_week.2"), "donor-1_week.2");
        assert_eq!(
            file_name("../a b/é"),
            "%2E./a b/é".replace('/', "%2F").replace(' ', "%20").replace('é', "%C3%A9")
        );
        assert_eq!(file_name("50%"), "50%25");
    }

    proptest! {
        #[test]
        fn distinct_ids_have_distinct_names(a: String, b: String) {
            prop_assert_eq!(file_name(&a) == file_name(&b), a == b);
        }
    }
}
