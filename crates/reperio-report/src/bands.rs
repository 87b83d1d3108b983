//! Points with intervals over a logarithmic axis, and where they lead: learning curves.

use crate::element::{Element, element};
use crate::svg::{Axis, disc, label, levels, line, path, svg};

const SIZE: [f64; 2] = [640.0, 270.0];

/// Width of the ends of an interval.
const CAP: f64 = 4.0;

/// Pixels between two numbers below the axis, at least.
const APART: f64 = 46.0;

/// A value with its interval.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Place on the horizontal axis, above 0.
    pub(crate) at: f64,
    pub(crate) value: f64,
    pub(crate) interval: Option<[f64; 2]>,
}

/// What is drawn.
pub(crate) struct Bands<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) about: &'a str,
    /// Names of the axes.
    pub(crate) axes: [&'a str; 2],
    /// Where nothing was learned.
    pub(crate) nothing: f64,
    /// Measured values, increasing in place.
    pub(crate) measured: &'a [Place],
    /// A line through them and beyond, with its band where it has intervals; dashed.
    pub(crate) expected: &'a [Place],
}

impl Bands<'_> {
    /// The picture.
    pub(crate) fn draw(&self) -> Element {
        let picture = svg(SIZE, self.id, self.title, self.about);
        let all = || self.measured.iter().chain(self.expected);
        if self.measured.is_empty() {
            return picture.with(label(
                [SIZE[0] / 2.0, SIZE[1] / 2.0],
                "tick middle",
                "not defined",
            ));
        }
        let ends = |own: &Place| own.interval.map_or([own.value; 2], |[low, high]| [low, high]);
        let heights = all().flat_map(ends).chain([self.nothing]);
        let x =
            Axis { domain: range(all().map(|own| own.at.log10())), range: [56.0, SIZE[0] - 18.0] };
        let [low, high] = range(heights);
        let edge = 0.04 * (high - low);
        let y = Axis { domain: [low - edge, high + edge], range: [SIZE[1] - 42.0, 10.0] };
        let nothing = y.at(self.nothing);
        picture
            .with(self.rules(&x, &y))
            .with(line([x.range[0], nothing], [x.range[1], nothing], "nothing"))
            .all(self.beyond(&x, &y))
            .with(self.points(&x, &y))
            .with(label(
                [x.range[0].midpoint(x.range[1]), SIZE[1] - 6.0],
                "axis middle",
                self.axes[0],
            ))
            .with(label([0.0, 0.0], "axis middle", self.axes[1]).set(
                "transform",
                format!("translate(12 {}) rotate(-90)", y.range[0].midpoint(y.range[1])),
            ))
    }

    /// The axes; the horizontal one has its numbers where values are.
    fn rules(&self, x: &Axis, y: &Axis) -> Element {
        let mut rules = element("g").set("class", "rules");
        let mut last = f64::NEG_INFINITY;
        for own in
            self.measured.iter().chain(self.expected.iter().filter(|own| own.interval.is_some()))
        {
            let at = x.at(own.at.log10());
            if at - last < APART {
                continue;
            }
            last = at;
            rules = rules.with(line([at, y.range[1]], [at, y.range[0] + 3.0], "rule")).with(label(
                [at, y.range[0] + 16.0],
                "tick middle",
                format!("{:.0}", own.at),
            ));
        }
        rules.all(levels(y, x.range))
    }

    /// The dashed line and its band.
    fn beyond(&self, x: &Axis, y: &Axis) -> Vec<Element> {
        if self.expected.len() < 2 {
            return Vec::new();
        }
        let at = |own: &Place, height: f64| [x.at(own.at.log10()), y.at(height)];
        let known = || self.expected.iter().filter_map(|own| Some((own, own.interval?)));
        let mut edge: Vec<[f64; 2]> = known().map(|(own, [_, high])| at(own, high)).collect();
        let mut under: Vec<[f64; 2]> = known().map(|(own, [low, _])| at(own, low)).collect();
        under.reverse();
        edge.extend(under);
        let middle: Vec<[f64; 2]> = self.expected.iter().map(|own| at(own, own.value)).collect();
        let mut group = element("g").set("class", "best");
        if edge.len() > 2 {
            group = group.with(path(&edge, "band"));
        }
        vec![group.with(path(&middle, "curve"))]
    }

    /// Measured values with their intervals.
    fn points(&self, x: &Axis, y: &Axis) -> Element {
        let mut group = element("g").set("class", "own");
        for own in self.measured {
            let at = x.at(own.at.log10());
            if let Some(ends) = own.interval {
                let [low, high] = ends.map(|end| y.at(end));
                group = group.with(line([at, low], [at, high], "interval"));
                for end in [low, high] {
                    group = group.with(line([at - CAP, end], [at + CAP, end], "interval"));
                }
            }
            group = group.with(disc([at, y.at(own.value)], 4.5, "marker"));
        }
        group
    }
}

/// From the lowest to the highest of some values, never empty.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), own| (low.min(own), high.max(own)));
    if low < high { [low, high] } else { [low - 0.5, low + 0.5] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(measured: &[Place], expected: &[Place]) -> String {
        let axes = ["repertoires", "AUC"];
        let own = Bands { id: "c", title: "t", about: "a", axes, nothing: 0.5, measured, expected };
        own.draw().html()
    }

    #[test]
    fn every_point_has_its_interval_and_the_line_beyond_a_band() {
        let place =
            |at, value: f64| Place { at, value, interval: Some([value - 0.1, value + 0.1]) };
        let measured =
            [place(40.0, 0.6), place(80.0, 0.7), Place { interval: None, ..place(160.0, 0.8) }];
        let inside = Place { interval: None, ..place(40.0, 0.61) };
        let html = draw(&measured, &[inside, place(160.0, 0.8), place(640.0, 0.9)]);
        assert_eq!(html.matches("class=\"marker\"").count(), 3);
        assert_eq!(html.matches("class=\"interval\"").count(), 6);
        assert_eq!(html.matches("class=\"band\"").count(), 1);
        for tick in ["40", "80", "160", "640"] {
            assert!(html.contains(&format!(">{tick}<")), "{tick}");
        }
        let html = draw(&measured[..1], &[]);
        assert!(!html.contains("NaN") && !html.contains("band"), "{html}");
        assert!(draw(&[], &[]).contains("not defined"));
    }
}
