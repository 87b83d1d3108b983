//! The one list of words that mean "no value" in a table of labels.
//!
//! Such a label is missing wherever labels are read: from a table, from a store, for training and for testing.
//! `none`, `no` and `-` are not in the list, because they may be a class (no treatment, negative). `ND` is in the list, as "not
//! determined", "not done" or "no data". Read as a class, it would be learned silently. A column in which it
//! is a class (newly diagnosed) loses that class, which the printed labels show; a column with only one class left is an error.

/// Words for "no value", in lower case; letter case does not matter.
const WORDS: [&str; 39] = [
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
pub(crate) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    PYTHON.contains(&text) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_no_value_are_missing_in_any_letter_case_and_classes_are_not() {
        for word in WORDS {
            assert!(
                is_missing(word) && is_missing(&format!(" {} ", word.to_uppercase())),
                "{word:?}"
            );
        }
        assert!(PYTHON.into_iter().all(is_missing));
        for class in ["none", "no", "-", "0", "nat", "n", "negative", "unknowns", "not known yet"] {
            assert!(!is_missing(class), "{class:?}");
        }
    }
}
