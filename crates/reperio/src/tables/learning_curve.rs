//! Learning curves as a table and as lines for people.

use polars::prelude::{Column, DataFrame, NamedFrom as _, PolarsResult, Series};
use reperio_model::evaluate::learning_curve::{Expected, Point, TargetCurve};

use crate::shell::output::align;
use crate::shell::table;

/// A row of the table.
struct Row<'a> {
    curve: &'a TargetCurve,
    /// `repertoires`, `depth` or `extrapolated`.
    kind: &'static str,
    point: Point,
}

/// Points by repertoires, what a power law expects of more, points by depth.
fn rows(curve: &TargetCurve) -> Vec<Row<'_>> {
    let row = |kind, point| Row { curve, kind, point };
    let measured = |kind, points: &[Point]| -> Vec<Row<'_>> {
        points.iter().map(|point| row(kind, point.clone())).collect()
    };
    let mut rows = measured("repertoires", &curve.repertoires);
    let expected = curve.outlook.iter().flat_map(|own| &own.expected);
    let clonotypes = curve.repertoires.last().map_or(0.0, |own| own.clonotypes);
    rows.extend(expected.map(|own| row("extrapolated", beyond(own, clonotypes))));
    rows.extend(measured("depth", &curve.depth));
    rows
}

/// What is expected, as a point; its share is how many times as many repertoires.
fn beyond(own: &Expected, clonotypes: f64) -> Point {
    Point {
        share: own.times,
        training: own.training,
        by_class: Vec::new(),
        clonotypes,
        repeats: 0,
        value: Some(own.value),
        interval: Some(own.interval),
        fitted: Some(own.value),
    }
}

/// "case: 20.0, control: 21.5".
fn by_class(point: &Point) -> String {
    let one = |(name, n): &(String, f64)| format!("{name}: {n:.1}");
    point.by_class.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `learning_curve.tsv`.
pub(crate) fn frame(curves: &[TargetCurve]) -> PolarsResult<DataFrame> {
    let rows: Vec<Row<'_>> = curves.iter().flat_map(rows).collect();
    let text = |name: &str, of: &dyn Fn(&Row<'_>) -> String| table::text(name, rows.iter().map(of));
    let number = |name: &str, of: &dyn Fn(&Point) -> Option<f64>| -> Column {
        let values: Vec<Option<f64>> = rows.iter().map(|row| of(&row.point)).collect();
        Series::new(name.into(), values).into()
    };
    let repeats: Vec<u64> = rows.iter().map(|row| row.point.repeats as u64).collect();
    let columns = vec![
        text("target", &|row| row.curve.column.clone()),
        text("figure", &|row| row.curve.figure.clone()),
        text("kind", &|row| row.kind.to_owned()),
        number("share", &|own| Some(own.share)),
        number("training_repertoires", &|own| Some(own.training)),
        text("by_label", &|row| by_class(&row.point)),
        number("clonotypes", &|own| Some(own.clonotypes)),
        number("value", &|own| own.value),
        number("low", &|own| own.interval.map(|[low, _]| low)),
        number("high", &|own| own.interval.map(|[_, high]| high)),
        Series::new("repeats".into(), repeats).into(),
        number("power_law", &|own| own.fitted),
    ];
    DataFrame::new(rows.len(), columns)
}

/// The curve of one target, a line a point.
pub(crate) fn lines(curve: &TargetCurve) -> Vec<String> {
    let figure = &curve.figure;
    let head = [
        "learning curve",
        "repertoires",
        "clonotypes",
        figure.as_str(),
        "95 % interval",
        "repeats",
    ];
    let mut cells = vec![head.map(str::to_owned).to_vec()];
    for Row { kind, point, .. } in rows(curve) {
        let what = match kind {
            "extrapolated" if point.share <= 1.0 => continue, // The law's own figure of what was measured.
            "extrapolated" => format!("{:.1} times (expected)", point.share),
            kind => format!("{:.3} of {kind}", point.share),
        };
        let interval = point.interval.map(|[low, high]| format!("{low:.3} to {high:.3}"));
        cells.push(vec![
            what,
            format!("{:.0}", point.training),
            format!("{:.0}", point.clonotypes),
            point.value.map_or_else(String::new, |value| format!("{value:.3}")),
            interval.unwrap_or_default(),
            if kind == "extrapolated" { String::new() } else { point.repeats.to_string() },
        ]);
    }
    align(&cells)
}
