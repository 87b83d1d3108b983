//! Every number in a table of a page stands in a file of its folder too, with at least as many digits. The page of a
//! table of scores also counts its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{cohort_with_odd_names, pages};
use crate::support::folder;

/// A page's table that counts rows of another one in bins, which are wide so that the figure is readable.
const COUNTED: &str = "Scores by class";

/// Numbers of a text with the place of their last digit: 0.120 is 0.12 with 0.001. A word with digits is no number.
fn numbers(text: &str) -> Vec<(f64, f64)> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "+-._".contains(letter);
    let words = text.split(|letter: char| !inside(letter));
    let words = words.flat_map(|word| word.split("..")).map(|word| word.trim_end_matches('.'));
    let read = |word: &str| {
        let value: f64 = word.parse().ok().filter(|own: &f64| own.is_finite())?;
        let (digits, power) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        Some((value, 10_f64.powi(power.parse::<i32>().ok()? - i32::try_from(decimals).ok()?)))
    };
    words.filter_map(read).collect()
}

/// Numbers of all tables and records below a folder, signs aside.
fn known(folder: &Path, all: &mut BTreeSet<u64>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = || fs::read(&path).expect("a file");
        let text = if path.is_dir() {
            known(&path, all);
            continue;
        } else if kind == "gz" {
            let mut text = String::new();
            std::io::Read::read_to_string(
                &mut flate2::read::GzDecoder::new(&bytes()[..]),
                &mut text,
            )
            .expect("gzip of text");
            text
        } else if ["tsv", "json"].contains(&kind.as_str()) {
            String::from_utf8(bytes()).expect("text")
        } else {
            continue;
        };
        all.extend(numbers(&text).into_iter().map(|(value, _)| value.abs().to_bits()));
    }
}

/// How many rows of a table have the same value, column by column.
fn counts(table: &str) -> Vec<f64> {
    let mut all = BTreeMap::<(usize, &str), f64>::new();
    for row in table.lines().skip(1) {
        for field in row.split('\t').enumerate() {
            *all.entry(field).or_default() += 1.0;
        }
    }
    all.into_values().collect()
}

/// Whether a number that is `value` to within its last digit is known; of positive numbers bits sort as values.
fn is_known(all: &BTreeSet<u64>, value: f64, last: f64) -> bool {
    let [low, high] = [-0.501, 0.501].map(|share| (value.abs() + share * last).max(0.0).to_bits());
    all.range(low..=high).next().is_some()
}

/// Text of HTML without tags.
fn plain(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// Numbers in the cells of a page's tables that no file has, with the table.
fn unknown(page: &str, all: &BTreeSet<u64>) -> Vec<String> {
    let mut found = Vec::new();
    for table in between(page, "<table>", "</table>") {
        let caption = plain(between(table, "<caption>", "</caption>").next().unwrap_or_default());
        if caption == COUNTED {
            continue;
        }
        for cell in between(table, "<td", "</td>") {
            let text = plain(&format!("<td{cell}"));
            let percent = text.contains('%');
            for (value, last) in numbers(&text) {
                let scale = if percent { 0.01 } else { 1.0 };
                if !is_known(all, value, last) && !is_known(all, value * scale, last * scale) {
                    found.push(format!("{caption}: {value} in {text:?}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_number_of_a_page_is_in_a_file_beside_it() {
    let dir = folder();
    cohort_with_odd_names(&dir);
    let mut found = Vec::new();
    for page in pages(&dir) {
        let mut all = BTreeSet::new();
        let own = page.parent().expect("a folder");
        if own == dir.path() {
            let table =
                fs::read_to_string(page.with_extension("tsv")).expect("the table of scores");
            all.extend(numbers(&table).into_iter().map(|(value, _)| value.abs().to_bits()));
            all.extend(counts(&table).into_iter().map(f64::to_bits));
        } else {
            let root = own.strip_prefix(dir.path()).expect("below").iter().next().expect("a name");
            known(&dir.path().join(root), &mut all);
        }
        let text = fs::read_to_string(&page).expect("a page");
        let name = page.strip_prefix(dir.path()).expect("below").display().to_string();
        found.extend(unknown(&text, &all).into_iter().map(|own| format!("{name}: {own}")));
    }
    assert!(found.is_empty(), "{} numbers:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_number_that_no_file_has_is_found() {
    let all: BTreeSet<u64> = [0.1234_f64, 20.0].map(f64::to_bits).into();
    let page = |cell: &str| format!("<table><caption>c</caption><td>{cell}</td></table>");
    for right in ["0.123", "-0.123", "12.3 %", "20", "r17", "0.12 to 0.1", "1.2e-1", ""] {
        assert_eq!(unknown(&page(right), &all), [""; 0], "{right}");
    }
    for wrong in ["0.124", "13 %", "21", "0.12 to 0.2", "1.3e-1"] {
        assert_eq!(unknown(&page(wrong), &all).len(), 1, "{wrong}");
    }
}
