//! A comparison as one self-contained HTML page: no script, font, picture or network.

mod forests;
mod methods;
mod panels;
mod ranked;
mod table;
#[cfg(test)]
mod tests;

use reperio_baselines::compare::{Outcome, Summary};
use reperio_report::element::{Element, element};
use reperio_report::page::{Page, paragraph, section};
use reperio_report::panel::Kind;

use super::Compared;
use super::tables::about;
use panels::Panels;
use ranked::{Ranked, Role};

/// The page.
pub(super) fn html(compared: &Compared, outcomes: &[Outcome]) -> String {
    let all = ranked::ranked(compared);
    let facts = about(compared);
    let facts =
        facts.strip_prefix(&compared.summary.target).unwrap_or(&facts).trim_start_matches("; ");
    let mut sections = vec![
        section("auc-section", "AUC", None).with(forests::forests(&all)),
        together(compared, &all),
        section("table", "All figures", None).with(table::table(&all)),
    ];
    sections.extend(small(compared, &all));
    sections.push(
        section("methods", "Methods, costs and choices", Some(CHOICES))
            .with(methods::methods(compared, &all, outcomes)),
    );
    sections.push(section("reading", "How to read this page", None).all(READING.map(paragraph)));
    let page = Page {
        command: "compare",
        title: &compared.summary.target,
        facts,
        verdict: ranked::verdict(&all),
        sections,
        words: &compared.command,
        version: compared.version,
    };
    page.html()
}

const CHOICES: &str =
    "Every method chooses its hyper-parameters inside the training part of each fold.";

const READING: [&str; 4] = [
    "Every method is fitted to the same training parts and scores the same held-out repertoires. Each repertoire is held out once per repeat. The AUC is that of all held-out predictions together, so a method must put all folds on one scale. The mean over the folds does not require that.",
    "Intervals of the AUC use DeLong's method, or a bootstrap over subjects if a subject has several repertoires or there are several repeats. Intervals of differences use a bootstrap over subjects with both methods on the same samples. Many methods are compared here: one interval in twenty misses the truth by chance alone.",
    "Controls show what can be reached without the signal: depth and diversity alone, and reperio trained on permuted labels, whose AUC must be close to 0.5. A method that is no better than depth and diversity has shown nothing about sequences.",
    "Curves show the first repeat. Precision and recall are drawn as steps, so that the area below them is the average precision.",
];

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

/// Where the page says what a method is.
fn anchor(method: &str) -> String {
    format!("method-{method}")
}
