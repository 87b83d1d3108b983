//! Values with their intervals, one under the other.

use crate::element::{Element, element};
use crate::page::{number, or_dash};
use crate::svg::{Axis, disc, label, line, path, svg, width};

const WIDTH: f64 = 556.0;
const ROW: f64 = 22.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 26.0;
/// Width of the text at the right, at most.
const VALUES: f64 = 164.0;
/// Letters of a name that are drawn; the tables have whole names.
const NAME: usize = 34;

/// A figure of many values.
pub struct Forest<'a> {
    /// Id of the figure.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What it shows, for all readers.
    pub description: &'a str,
    /// Where nothing was learned, or nothing is different: the dashed line.
    pub nothing: f64,
}

/// One line of the figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name at the left.
    pub name: String,
    /// Class in the style sheet.
    pub class: &'static str,
    /// Shape of the value.
    pub marker: Marker,
    /// The value, if there is one.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// Further values, drawn small.
    pub spread: Vec<f64>,
    /// Text at the right.
    pub text: String,
}

impl Row {
    /// A value without an interval.
    pub fn of(
        name: impl Into<String>,
        class: &'static str,
        marker: Marker,
        value: Option<f64>,
    ) -> Self {
        let (name, text) = (name.into(), or_dash(number(value)));
        Self { name, class, marker, value, interval: None, spread: Vec::new(), text }
    }
}

/// A shape, so that a role is known without its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A large disc.
    Disc,
    /// A small disc, hollow for a control.
    Small,
    /// A square on its corner.
    Diamond,
    /// A small square.
    Square,
    /// A triangle.
    Triangle,
}

impl Forest<'_> {
    /// The figure; a row without a value has an empty line.
    pub fn draw(&self, all: &[Row]) -> Element {
        let left = all.iter().map(|one| width(&shortened(&one.name))).fold(0.0, f64::max) + 18.0;
        let right = all.iter().map(|one| width(&one.text)).fold(0.0, f64::max) + 22.0;
        let right = right.min(VALUES);
        let axis = Axis { domain: self.domain(all), range: [left, WIDTH - right] };
        let base = TOP + ROW * all.len() as f64;
        let mut picture = svg([WIDTH, base + BOTTOM], self.id, self.title, self.description)
            .with(rules(&axis, base));
        let at = axis.at(self.nothing);
        picture = picture.with(line([at, TOP], [at, base], "nothing"));
        let rows =
            all.iter().enumerate().map(|(i, one)| row(one, &axis, TOP + ROW * (i as f64 + 0.5)));
        let caption = element("figcaption").with(element("b").text(self.title)).text(". ");
        element("figure").with(caption.text(self.description)).with(picture.all(rows))
    }

    /// From the lowest to the highest value drawn, rounded outwards.
    fn domain(&self, all: &[Row]) -> [f64; 2] {
        let mut values = vec![self.nothing];
        for row in all {
            values.extend(row.value);
            values.extend(row.interval.into_iter().flatten());
            values.extend(&row.spread);
        }
        values.retain(|value| value.is_finite());
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let unit = if high - low < 0.2 { 0.02 } else { 0.1 };
        [((low - 1e-9) / unit).floor() * unit, ((high + 1e-9) / unit).ceil() * unit]
    }
}

fn row(one: &Row, axis: &Axis, y: f64) -> Element {
    let mut row = element("g")
        .set("class", one.class)
        .with(element("title").text(format!("{} {}", one.name, one.text)))
        .with(label([axis.range[0] - 10.0, y + 4.0], "name end", shortened(&one.name)))
        .with(label([WIDTH, y + 4.0], "value end", &one.text));
    let finite = |value: &f64| value.is_finite();
    row = row.all(
        one.spread
            .iter()
            .filter(|value| finite(value))
            .map(|&value| disc([axis.at(value), y + 6.0], 1.7, "fold")),
    );
    if let Some(ends) = one.interval.filter(|ends| ends.iter().all(finite)) {
        let [low, high] = ends.map(|end| [axis.at(end), y]);
        row = row.with(line(low, high, "interval"));
    }
    match one.value.filter(finite) {
        Some(value) => row.with(marker(one.marker, [axis.at(value), y])),
        None => row,
    }
}

/// The name, or its beginning.
fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Thin lines at round values, with the values below.
fn rules(axis: &Axis, base: f64) -> Element {
    let (ticks, decimals) = axis.ticks();
    let mut rules = element("g").set("class", "rules");
    for tick in ticks {
        let (at, tick) = (axis.at(tick), tick + 0.0);
        rules = rules.with(line([at, TOP], [at, base + 4.0], "rule")).with(label(
            [at, base + 17.0],
            "tick middle",
            format!("{tick:.decimals$}"),
        ));
    }
    rules
}

fn marker(marker: Marker, [x, y]: [f64; 2]) -> Element {
    let around = |corners: &[[f64; 2]]| {
        let points: Vec<[f64; 2]> = corners.iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
        path(&points, "marker")
    };
    match marker {
        Marker::Disc => disc([x, y], 5.0, "marker"),
        Marker::Small => disc([x, y], 4.0, "marker"),
        Marker::Diamond => around(&[[-6.0, 0.0], [0.0, -6.0], [6.0, 0.0], [0.0, 6.0], [-6.0, 0.0]]),
        Marker::Square => {
            around(&[[-3.5, -3.5], [3.5, -3.5], [3.5, 3.5], [-3.5, 3.5], [-3.5, -3.5]])
        }
        Marker::Triangle => around(&[[-5.0, 4.0], [0.0, -5.0], [5.0, 4.0], [-5.0, 4.0]]),
    }
}
