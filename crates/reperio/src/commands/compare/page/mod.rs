//! A comparison as one self-contained HTML page: no script, font, picture or network.

mod element;
mod forest;
mod methods;
mod panels;
mod ranked;
mod svg;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use reperio_baselines::compare::{Outcome, Summary};

use super::Compared;
use super::tables::about;
use element::{Element, element};
use panels::{Kind, Panels};
use ranked::{Ranked, Role};

/// The page.
pub(super) fn html(compared: &Compared, outcomes: &[Outcome]) -> String {
    let all = ranked::ranked(compared);
    let head = element("head")
        .raw(META)
        .with(element("title").text(format!("{} · reperio compare", compared.summary.target)))
        .with(element("style").raw(include_str!("style.css")));
    let main = element("main")
        .with(section("auc-section", "AUC", None).with(forests(&all)))
        .with(together(compared, &all))
        .with(section("table", "All figures", None).with(table::table(&all)))
        .all(small(compared, &all))
        .with(
            section("methods", "Methods, costs and choices", Some(CHOICES))
                .with(methods::methods(compared, &all, outcomes)),
        )
        .with(section("reading", "How to read this page", None).all(READING.map(paragraph)));
    let body = element("body").with(header(compared, &all)).with(main).with(footer(compared));
    let page = element("html").set("lang", "en").with(head).with(body);
    "<!doctype html>\n".to_owned() + &page.html()
}

const META: &str = "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

const CHOICES: &str =
    "Every method chooses its hyper-parameters inside the training part of each fold.";

const READING: [&str; 4] = [
    "Every method is fitted to the same training parts and scores the same held-out repertoires. Each repertoire is held out once per repeat. The AUC is that of all held-out predictions together, so a method must put all folds on one scale. The mean over the folds does not require that.",
    "Intervals of the AUC use DeLong's method, or a bootstrap over subjects if a subject has several repertoires or there are several repeats. Intervals of differences use a bootstrap over subjects with both methods on the same samples. Many methods are compared here: one interval in twenty misses the truth by chance alone.",
    "Controls show what can be reached without the signal: depth and diversity alone, and reperio trained on permuted labels, whose AUC must be close to 0.5. A method that is no better than depth and diversity has shown nothing about sequences.",
    "Curves show the first repeat. Precision and recall are drawn as steps, so that the area below them is the average precision.",
];

fn section(id: &str, title: &str, text: Option<&str>) -> Element {
    let section = element("section").set("id", id).with(element("h2").text(title));
    section.all(text.map(paragraph))
}

fn paragraph(text: &str) -> Element {
    element("p").text(text)
}

fn header(compared: &Compared, all: &[Ranked<'_>]) -> Element {
    let verdict = ranked::verdict(all).into_iter().map(|text| paragraph(&text));
    let facts = about(compared);
    let facts =
        facts.strip_prefix(&compared.summary.target).unwrap_or(&facts).trim_start_matches("; ");
    element("header")
        .with(element("p").set("class", "kicker").text("reperio compare"))
        .with(element("h1").text(&compared.summary.target))
        .with(element("p").set("class", "facts").text(facts))
        .all(verdict)
}

fn forests(all: &[Ranked<'_>]) -> Element {
    let figures = [forest::AUC, forest::DIFFERENCE].map(|forest| forest.draw(all));
    element("div").set("class", "forests").all(figures)
}

fn panels(compared: &Compared, kind: Kind) -> Panels {
    let Summary { positive, repertoires, .. } = compared.summary;
    Panels { kind, prevalence: positive as f64 / repertoires as f64 }
}

/// Reperio, the best of the others, the oracle and the controls in one picture.
fn together(compared: &Compared, all: &[Ranked<'_>]) -> Element {
    let order = [Role::Reference, Role::BestRival, Role::Oracle, Role::Control, Role::Permuted];
    let of = |role| all.iter().filter(move |one| one.role == role);
    let chosen: Vec<&Ranked<'_>> = order.into_iter().flat_map(of).collect();
    let kinds = [Kind::Roc, Kind::PrecisionRecall, Kind::Calibration];
    let figures = kinds.map(|kind| panels(compared, kind).large(&chosen));
    section("together", "Reperio, the best other method and the controls", None)
        .with(panels::legend(&chosen))
        .with(element("div").set("class", "large").all(figures))
}

/// A panel a method, of each kind.
fn small(compared: &Compared, all: &[Ranked<'_>]) -> [Element; 3] {
    let one = |kind: Kind, id, text: &str| {
        let [x, y] = kind.axes();
        let text = format!("Horizontal: {x}; vertical: {y}. {text}");
        section(id, &format!("{}, method by method", kind.title()), Some(&text))
            .with(panels(compared, kind).small(all))
    };
    [
        one(Kind::Roc, "roc", "Grey curve: reperio. Dashed line: guessing."),
        one(
            Kind::PrecisionRecall,
            "pr",
            "Grey curve: reperio. Dashed line: guessing, whose precision is the share of positive repertoires.",
        ),
        one(
            Kind::Calibration,
            "calibration",
            "Each disc is a bin of predictions, and its area is their number. On the dashed line, predicted probabilities equal observed shares.",
        ),
    ]
}

fn footer(compared: &Compared) -> Element {
    let program = compared.command.first().map(Path::new).and_then(Path::file_name);
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let words = program.into_iter().chain(compared.command.iter().skip(1).cloned());
    let words: Vec<String> = words.map(quoted).collect();
    element("footer")
        .with(element("p").text(about(compared)))
        .with(element("p").with(element("code").text(words.join(" "))))
        .with(element("p").text(format!(
            "Reperio {}. For research use only: not for diagnosis or treatment.",
            compared.version
        )))
}

/// A word of a command line as a shell takes it.
fn quoted(word: String) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Where the page says what a method is.
fn anchor(method: &str) -> String {
    format!("method-{method}")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}
