//! How many repertoires are needed, and how deep.

use reperio_model::evaluate::TargetSummary;
use reperio_model::evaluate::learning_curve::{Point, TargetCurve};

use crate::bands::{Bands, Place};
use crate::element::{Element, element};
use crate::page::{decimals, interval, number, paragraph, section};
use crate::table::table;
use crate::verdict;

/// What the section shows.
const ABOUT: &str = "In each fold the model was trained again on a part of the training repertoires, and scored the same held-out repertoires. A part is stratified by label, and everything is learned from it. The last point is the evaluation above. Depth means that every repertoire was thinned to a share of its copies, those that were scored too.";

/// The section of target number `index`.
pub(super) fn of(curve: &TargetCurve, summary: &TargetSummary, index: usize) -> Element {
    let id = format!("target-{}-learning-curve", index + 1);
    let title = format!("{}: how many repertoires are needed", curve.column);
    let figures = element("div").set("class", "alone");
    section(&id, &title, None)
        .with(paragraph(&verdict::more_repertoires(curve, summary)))
        .all(verdict::less_depth(curve).as_deref().map(paragraph))
        .with(paragraph(ABOUT))
        .with(figures.with(repertoires(curve, &id)).with(depth(curve, &id)))
        .with(numbers(curve))
        .all(beyond(curve))
}

fn nothing(curve: &TargetCurve) -> f64 {
    if curve.figure == "R2" { 0.0 } else { 0.5 }
}

fn places(points: &[Point], at: fn(&Point) -> f64) -> Vec<Place> {
    let place = |own: &Point| {
        let value = own.value?;
        Some(Place { at: at(own), value, interval: own.interval })
    };
    points.iter().filter_map(place).filter(|own| own.at > 0.0).collect()
}

/// A figure with its caption.
fn figure(bands: &Bands<'_>) -> Element {
    let caption = element("figcaption").with(element("b").text(bands.title)).text(". ");
    element("figure").with(caption.text(bands.about)).with(bands.draw())
}

/// By training repertoires, and beyond.
fn repertoires(curve: &TargetCurve, id: &str) -> Element {
    let inside = curve
        .repertoires
        .iter()
        .filter_map(|own| Some(Place { at: own.training, value: own.fitted?, interval: None }));
    let outside = curve.outlook.iter().flat_map(|own| &own.expected).map(|own| Place {
        at: own.training,
        value: own.value,
        interval: Some(own.interval),
    });
    let expected: Vec<Place> = inside.chain(outside).collect();
    figure(&Bands {
        id: &format!("{id}-repertoires"),
        title: "By training repertoires",
        about: "Discs are measured, with 95 % intervals. The dashed line is an inverse power law through them, its band the 95 % interval beyond. The straight dashed line marks chance. The axis is logarithmic.",
        axes: ["training repertoires", &curve.figure],
        nothing: nothing(curve),
        measured: &places(&curve.repertoires, |own| own.training),
        expected: &expected,
    })
}

/// By depth.
fn depth(curve: &TargetCurve, id: &str) -> Element {
    figure(&Bands {
        id: &format!("{id}-depth"),
        title: "By depth",
        about: "Discs are measured with all training repertoires, with 95 % intervals. The dashed line marks chance. The axis is logarithmic.",
        axes: ["clonotypes of a repertoire, median", &curve.figure],
        nothing: nothing(curve),
        measured: &places(&curve.depth, |own| own.clonotypes),
        expected: &[],
    })
}

/// All that was measured.
fn numbers(curve: &TargetCurve) -> Element {
    let row = |what: &str, own: &Point| {
        let classes = own.by_class.iter().map(|(name, n)| format!("{name}: {n:.1}"));
        vec![
            what.to_owned(),
            decimals(own.share),
            format!("{:.1}", own.training),
            classes.collect::<Vec<_>>().join(", "),
            format!("{:.0}", own.clonotypes),
            number(own.value),
            interval(own.interval),
            number(own.fitted),
            own.repeats.to_string(),
        ]
    };
    let by_repertoires = curve.repertoires.iter().map(|own| row("repertoires", own));
    let by_depth = curve.depth.iter().map(|own| row("depth", own));
    table(
        &format!("Learning curve of {}", curve.column),
        &[
            "thinned",
            "share",
            "training repertoires",
            "by label",
            "clonotypes",
            &curve.figure,
            "95 % interval",
            "power law",
            "repeats",
        ],
        by_repertoires.chain(by_depth),
    )
}

/// What the power law says of more.
fn beyond(curve: &TargetCurve) -> Option<Element> {
    let outlook = curve.outlook.as_ref()?;
    let rows = outlook.expected.iter().map(|own| {
        vec![
            format!("{:.1}", own.times),
            format!("{:.0}", own.training),
            decimals(own.value),
            interval(Some(own.interval)),
        ]
    });
    let names = ["times as many", "training repertoires", &curve.figure, "95 % interval"];
    Some(table(&format!("Expected for {}", curve.column), &names, rows))
}
