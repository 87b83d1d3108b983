//! Fields that are numbers or truth values, as every tool writes them.

use super::columns::is_missing;

/// A count as a file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// No value.
    Missing,
    /// A whole number (`294`, `294.0`, `1e3`).
    Whole(u64),
    /// Another number, rounded half up and to at least 1.
    Rounded(u64),
}

/// Largest count; sums of 10^7 such counts fit.
const MAX_COUNT: f64 = 1e12;

/// What a count column may hold.
pub(super) const COUNT: &str = "a number from 0 to 1e12";

/// Reads a count; `None` if the field is neither a number nor missing.
pub(super) fn count(field: &[u8]) -> Option<Count> {
    if !field.is_empty() && field.len() <= 12 && field.iter().all(u8::is_ascii_digit) {
        let digits = field.iter().map(|digit| u64::from(digit - b'0'));
        return Some(Count::Whole(digits.fold(0, |number, digit| 10 * number + digit)));
    }
    if is_missing(field) {
        return Some(Count::Missing);
    }
    let number: f64 = std::str::from_utf8(field).ok()?.parse().ok()?;
    if !(0.0..=MAX_COUNT).contains(&number) {
        return None;
    }
    let whole = number.round();
    if (whole - number).abs() < 1e-9 * number.max(1.0) {
        return Some(Count::Whole(whole as u64));
    }
    Some(Count::Rounded((whole as u64).max(1)))
}

/// What a truth column may hold.
pub(super) const TRUTH: &str = "a truth value (T, F, true, false, yes, no, 1, 0) or nothing";

/// A truth value as a file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// No value.
    Missing,
    True,
    False,
}

/// Reads a truth value, `1.0` as pandas writes it beside gaps; `None` if the field is neither one nor missing.
pub(super) fn truth(field: &[u8]) -> Option<Truth> {
    let is =
        |words: [&str; 6]| words.iter().any(|word| field.eq_ignore_ascii_case(word.as_bytes()));
    if is(["T", "true", "1", "1.0", "yes", "y"]) {
        Some(Truth::True)
    } else if is(["F", "false", "0", "0.0", "no", "n"]) {
        Some(Truth::False)
    } else {
        is_missing(field).then_some(Truth::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_every_tool_writes_them() {
        let cases = [
            ("294", Some(Count::Whole(294))),
            ("294.0", Some(Count::Whole(294))),
            ("1e3", Some(Count::Whole(1000))),
            ("1.0E3", Some(Count::Whole(1000))),
            ("0", Some(Count::Whole(0))),
            ("2.5", Some(Count::Rounded(3))),
            ("0.2", Some(Count::Rounded(1))),
            ("", Some(Count::Missing)),
            ("null", Some(Count::Missing)),
            ("NaN", Some(Count::Missing)),
            ("-3", None),
            ("inf", None),
            ("1e13", None),
            ("9999999999999999999999", None),
            ("many", None),
        ];
        for (field, expected) in cases {
            assert_eq!(count(field.as_bytes()), expected, "{field:?}");
        }
    }

    #[test]
    fn truth_values_are_read_as_every_tool_writes_them() {
        for (field, expected) in [
            ("T", Some(Truth::True)),
            ("TRUE", Some(Truth::True)),
            ("true", Some(Truth::True)),
            ("F", Some(Truth::False)),
            ("False", Some(Truth::False)),
            ("", Some(Truth::Missing)),
            ("None", Some(Truth::Missing)),
            ("Yes", Some(Truth::True)),
            ("y", Some(Truth::True)),
            ("1", Some(Truth::True)),
            ("NO", Some(Truth::False)),
            ("n", Some(Truth::False)),
            ("0", Some(Truth::False)),
            ("1.0", Some(Truth::True)),
            ("0.0", Some(Truth::False)),
            ("maybe", None),
            ("2", None),
            ("2.0", None),
            ("0.5", None),
        ] {
            assert_eq!(truth(field.as_bytes()), expected, "{field:?}");
        }
    }
}
