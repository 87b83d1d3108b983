//! The one list of words that mean "no value" in a table of labels.
//!
//! Such a label is missing wherever labels are read: from a table, from a store, for training and for testing.
//! `none`, `no` and `-` are not in the list, because they may be a class (no treatment, negative). `ND` is in the list, as "not
//! determined", "not done" or "no data". Read as a class, it would be learned silently. A column in which it
//! is a class (newly diagnosed) loses that class, which the printed labels show; a column with only one class left is an error.

/// Words for "no value", in lower case; letter case does not matter.
pub const WORDS: [&str; 39] = [
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
    "nd",
    "n.d.",
    "n.d",
    "n/d",
    "no data",
    "not done",
    "not tested",
    "not known",
    "not assessed",
    "not measured",
    "tbd",
    "to be determined",
    "unk",
    "(blank)",
    // What a spreadsheet program writes for a formula that fails.
    "#value!",
    "#ref!",
    "#div/0!",
    "#name?",
    "#num!",
    "#null!",
];

/// What Python writes for no value, and for no time; in other letter case these are words of people.
const PYTHON: [&str; 2] = ["None", "NaT"];

/// Whether `text` says that there is no value.
///
/// ```
/// use reperio_data::missing::is_missing;
///
/// assert!(is_missing("n/a") && is_missing("Unknown") && is_missing(" ") && is_missing("None"));
/// assert!(is_missing("n.d.") && is_missing("Not tested") && is_missing("#DIV/0!") && is_missing("NaT"));
/// assert!(!is_missing("none") && !is_missing("-") && !is_missing("0"));
/// ```
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    PYTHON.contains(&text) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
