//! The one list of words that mean "no value" in a table of labels.
//!
//! A label of them is missing wherever labels are read: from a table, from a store, for training and for testing.
//! `none`, `no` and `-` are not among them: they may be a class (no treatment, negative).

/// Words for "no value", in lower case; letter case does not matter.
pub const WORDS: [&str; 19] = [
    "",
    "na",
    "n/a",
    "n.a.",
    "#n/a",
    "<na>",
    "nan",
    "null",
    "?",
    ".",
    "unknown",
    "missing",
    "not available",
    "not applicable",
    "not collected",
    "not reported",
    "not determined",
    "not provided",
    "undetermined",
];

/// What Python writes for no value; in other letter case it is a word of people.
const PYTHON: &str = "None";

/// Whether `text` says that there is no value.
///
/// ```
/// use reperio_data::missing::is_missing;
///
/// assert!(is_missing("n/a") && is_missing("Unknown") && is_missing(" ") && is_missing("None"));
/// assert!(!is_missing("none") && !is_missing("-") && !is_missing("0"));
/// ```
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text == PYTHON || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
