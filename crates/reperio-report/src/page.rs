//! The frame of every page: head, title, sections, and what made it.

use std::path::Path;

use crate::element::{Element, element};
use crate::svg::path;

/// Style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

const META: &str = "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

/// A page without its frame.
pub struct Page<'a> {
    /// Subcommand that the page is of.
    pub command: &'a str,
    /// Heading.
    pub title: &'a str,
    /// What was looked at, in a line.
    pub facts: &'a str,
    /// What was found, a sentence a paragraph.
    pub verdict: Vec<String>,
    /// Sections in order.
    pub sections: Vec<Element>,
    /// Command line that made the run, if it is known; the first word is the program.
    pub words: &'a [String],
    /// Version of the program.
    pub version: &'a str,
}

impl Page<'_> {
    /// The page as text.
    pub fn html(self) -> String {
        let head = element("head")
            .raw(META)
            .with(element("title").text(format!("{} · reperio {}", self.title, self.command)))
            .with(element("style").raw(STYLE));
        let header = element("header")
            .with(element("p").set("class", "kicker").text(format!("reperio {}", self.command)))
            .with(element("h1").text(self.title))
            .with(element("p").set("class", "facts").text(self.facts))
            .all(self.verdict.iter().map(|text| paragraph(text)));
        let words = (!self.words.is_empty()).then(|| command_line(self.words));
        let footer = element("footer")
            .with(element("p").text(self.facts))
            .all(words.map(|text| element("p").with(element("code").text(text))))
            .with(element("p").text(format!(
                "Reperio {}. For research use only: not for diagnosis or treatment.",
                self.version
            )));
        let main = element("main").all(self.sections);
        let body = element("body").with(header).with(main).with(footer);
        let page = element("html").set("lang", "en").with(head).with(body);
        "<!doctype html>\n".to_owned() + &page.html()
    }
}

/// Classes in the style sheet of curves that are drawn together.
pub(crate) const SERIES: [&str; 5] = ["own", "best", "oracle", "rival", "control"];

/// Which line of [`SERIES`] is which.
pub(crate) fn legend<'a>(names: impl Iterator<Item = &'a str>) -> Element {
    let entry = |(i, name): (usize, &str)| {
        let sample = element("svg")
            .set("viewBox", "0 0 36 10")
            .set("aria-hidden", "true")
            .with(path(&[[1.0, 5.0], [35.0, 5.0]], "curve"));
        element("li").set("class", SERIES[i % SERIES.len()]).with(sample).text(name)
    };
    element("ul").set("class", "legend").all(names.enumerate().map(entry))
}

/// A section with a heading and, below it, a sentence on what it shows.
pub fn section(id: &str, title: &str, text: Option<&str>) -> Element {
    let section = element("section").set("id", id).with(element("h2").text(title));
    section.all(text.map(paragraph))
}

/// A paragraph of text.
pub fn paragraph(text: &str) -> Element {
    element("p").text(text)
}

/// A table in a frame that scrolls where it is too wide, with the keyboard too.
pub fn scrolling(name: &str, table: Element) -> Element {
    let frame = element("div").set("class", "scroll").set("role", "region");
    frame.set("aria-label", name).set("tabindex", "0").with(table)
}

/// Something that is opened on demand.
pub fn folded(summary: &str, inner: Element) -> Element {
    element("details").with(element("summary").text(summary)).with(inner)
}

/// `text`, or an en dash where there is none.
pub fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

/// A number with three decimals. Zero has no sign.
pub(crate) fn decimals(value: f64) -> String {
    let text = format!("{value:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text }
}

/// A number with three decimals, or nothing.
pub fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, decimals)
}

/// "0.880 to 0.940", or nothing.
pub fn interval(ends: Option<[f64; 2]>) -> String {
    let finite = ends.filter(|ends| ends.iter().all(|end| end.is_finite()));
    finite.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"))
}

/// A command line as a shell takes it. Where the program lies is left out.
pub fn command_line(words: &[String]) -> String {
    let program = words.first().map(Path::new).and_then(Path::file_name);
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let words = program.into_iter().chain(words.iter().skip(1).cloned());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: String) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
