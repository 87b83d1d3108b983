//! The table of all figures, with the columns of `compare.md`.

use reperio_report::element::{Element, element};
use reperio_report::page::{number, or_dash, scrolling};

use super::super::tables::Cells;
use super::anchor;
use super::ranked::Ranked;

/// The table, in a frame that scrolls where it is too wide.
pub(super) fn table(all: &[Ranked<'_>]) -> Element {
    let recovered = all.iter().any(|one| one.row.figures.recovery_ap.is_some());
    let mut names = vec![
        "method",
        "AUC (95\u{a0}%)",
        "folds, mean\u{a0}±\u{a0}sd",
        "difference from reperio (95\u{a0}%)",
        "average precision",
        "Brier",
        "sensitivity at 95\u{a0}% specificity",
        "at 99\u{a0}%",
    ];
    if recovered {
        names.extend(["implanted: average precision", "implanted: Jaccard"]);
    }
    names.extend(["fit\u{a0}s", "score\u{a0}s", "peak MB"]);
    let column = |name| element("th").set("scope", "col").text(name);
    let head = element("thead").with(element("tr").all(names.into_iter().map(column)));
    let body = element("tbody").all(all.iter().map(|one| row(one, recovered)));
    let caption =
        "All figures are from held-out predictions. Seconds are per fold. Controls are in italics.";
    let table = element("table").with(element("caption").text(caption)).with(head).with(body);
    scrolling("All figures", table)
}

fn row(one: &Ranked<'_>, recovered: bool) -> Element {
    let figures = &one.row.figures;
    let cells = Cells::of(figures);
    let (difference, of_difference) = cells.difference.split_once(' ').unwrap_or_default();
    let of_auc =
        if cells.interval.is_empty() { cells.interval } else { format!("({})", cells.interval) };
    let auc = with_interval(cells.auc, &of_auc);
    let difference = with_interval(difference.to_owned(), of_difference.trim_end_matches("()"));
    let mut values = vec![figures.average_precision, figures.brier];
    values.extend([figures.sensitivity_95, figures.sensitivity_99]);
    if recovered {
        values.extend([figures.recovery_ap, figures.recovery_jaccard]);
    }
    let mut values: Vec<String> = values.into_iter().map(number).collect();
    values.extend([figures.fit_seconds, figures.score_seconds].map(|value| format!("{value:.1}")));
    values.push(figures.peak_bytes.map_or_else(String::new, |n| format!("{:.0}", n as f64 / 1e6)));
    let link = element("a").set("href", format!("#{}", anchor(one.name()))).text(one.name());
    let name = element("th").set("scope", "row").with(link);
    element("tr")
        .set("class", one.role.class())
        .with(name)
        .with(auc)
        .with(cell(cells.folds))
        .with(difference)
        .all(values.into_iter().map(cell))
}

fn cell(text: String) -> Element {
    element("td").text(or_dash(text))
}

/// A value with its interval below.
fn with_interval(value: String, interval: &str) -> Element {
    let below = (!interval.is_empty()).then(|| element("small").text(interval));
    cell(value).all(below)
}
