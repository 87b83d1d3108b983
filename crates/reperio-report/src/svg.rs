//! Shapes of a plot: values become pixels here, and a value that is not a number is never drawn.

use std::fmt::Display;

use crate::element::{Element, element};

/// Values from `domain[0]` to `domain[1]` drawn at the pixels `range[0]` to `range[1]`.
#[derive(Clone, Copy)]
pub struct Axis {
    /// Lowest and highest value.
    pub domain: [f64; 2],
    /// Their pixels.
    pub range: [f64; 2],
}

impl Axis {
    /// Pixel of `value`; a value outside the domain is drawn at its edge.
    pub fn at(&self, value: f64) -> f64 {
        let [low, high] = self.domain;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        self.range[0] + share * (self.range[1] - self.range[0])
    }

    /// At most six round values inside the domain, and the decimals to write them with.
    pub fn ticks(&self) -> (Vec<f64>, usize) {
        let [low, high] = self.domain;
        let steps = [
            (0.005, 3),
            (0.01, 2),
            (0.02, 2),
            (0.05, 2),
            (0.1, 1),
            (0.2, 1),
            (0.5, 1),
            (1.0, 0),
            (2.0, 0),
            (5.0, 0),
            (10.0, 0),
            (20.0, 0),
            (50.0, 0),
        ];
        let fits = |step: f64| (high - low) / step <= 5.5;
        let (step, decimals) =
            steps.into_iter().find(|(step, _)| fits(*step)).unwrap_or(((high - low) / 4.0, 2));
        let first = (low / step - 1e-6).ceil() as i64;
        let last = (high / step + 1e-6).floor() as i64;
        ((first..=last).map(|i| i as f64 * step).collect(), decimals)
    }
}

/// A picture of `size` pixels with its name and description for those who cannot see it.
pub fn svg(size: [f64; 2], id: &str, title: &str, description: &str) -> Element {
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-desc"));
    element("svg")
        .set("viewBox", format!("0 0 {} {}", px(size[0]), px(size[1])))
        .set("role", "img")
        .set("aria-labelledby", format!("{title_id} {description_id}"))
        .with(element("title").set("id", title_id).text(title))
        .with(element("desc").set("id", description_id).text(description))
}

/// A straight line.
pub fn line(from: [f64; 2], to: [f64; 2], class: &str) -> Element {
    let [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map(px);
    element("line").set("class", class).set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2)
}

/// Thin lines across `range`, pixels, at the round values of a vertical axis, with the values at the left.
pub(crate) fn levels(axis: &Axis, range: [f64; 2]) -> Vec<Element> {
    let (ticks, decimals) = axis.ticks();
    let level = |tick: f64| {
        let (at, tick) = (axis.at(tick), tick + 0.0); // No sign before 0.
        let text = label([range[0] - 6.0, at + 4.0], "tick end", format!("{tick:.decimals$}"));
        [line([range[0] - 3.0, at], [range[1], at], "rule"), text]
    };
    ticks.into_iter().flat_map(level).collect()
}

/// A disc.
pub fn disc(at: [f64; 2], radius: f64, class: &str) -> Element {
    let [x, y, r] = [at[0], at[1], radius].map(px);
    element("circle").set("class", class).set("cx", x).set("cy", y).set("r", r)
}

/// A rectangle from its upper left corner.
pub fn rectangle(at: [f64; 2], size: [f64; 2], class: &str) -> Element {
    let [x, y, width, height] = [at[0], at[1], size[0], size[1]].map(px);
    let own = element("rect").set("class", class).set("x", x).set("y", y);
    own.set("width", width).set("height", height)
}

/// Text; the class says where it is anchored.
pub fn label(at: [f64; 2], class: &str, text: impl Display) -> Element {
    element("text").set("class", class).set("x", px(at[0])).set("y", px(at[1])).text(text)
}

/// Pixels that a text of 12 pixels is wide at most, by its letters; which font a reader has is not known.
pub(crate) fn width(text: &str) -> f64 {
    let wide = |letter: char| letter.is_uppercase() || "mw@%…".contains(letter);
    text.chars().map(|letter| if wide(letter) { 8.5 } else { 6.7 }).sum()
}

/// The line through `points`, pixels.
pub fn path(points: &[[f64; 2]], class: &str) -> Element {
    let corner = |&[x, y]: &[i64; 2]| format!("{} {}", tenths(x), tenths(y));
    let corners: Vec<String> = corners(points).iter().map(corner).collect();
    element("path").set("class", class).set("d", format!("M{}", corners.join("L")))
}

/// The points, in tenths of a pixel, at which the line through `points` bends, and its ends.
///
/// A ROC curve of a thousand repertoires has a thousand points, most of them on its few long steps.
fn corners(points: &[[f64; 2]]) -> Vec<[i64; 2]> {
    let mut kept: Vec<[i64; 2]> = Vec::new();
    for point in points {
        let next = point.map(|value| (value * 10.0).round() as i64);
        while let [.., before, last] = kept[..] {
            let (a, b) = (from(before, last), from(last, next));
            if a[0] * b[1] != a[1] * b[0] || a[0] * b[0] + a[1] * b[1] < 0 {
                break;
            }
            kept.pop();
        }
        if kept.last() != Some(&next) {
            kept.push(next);
        }
    }
    kept
}

fn from(start: [i64; 2], end: [i64; 2]) -> [i64; 2] {
    [end[0] - start[0], end[1] - start[1]]
}

/// A coordinate, to a tenth of a pixel.
pub fn px(value: f64) -> String {
    tenths((value * 10.0).round() as i64)
}

fn tenths(value: i64) -> String {
    let (sign, value) = (if value < 0 { "-" } else { "" }, value.abs());
    match value % 10 {
        0 => format!("{sign}{}", value / 10),
        tenth => format!("{sign}{}.{tenth}", value / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_corners_only() {
        let steps = [[0.0, 10.0], [0.0, 10.0], [0.0, 5.0], [0.0, 0.0], [2.0, 0.0], [9.96, 0.0]];
        assert_eq!(corners(&steps), [[0, 100], [0, 0], [100, 0]]);
        assert_eq!(corners(&[[0.0, 0.0], [5.0, 0.0], [3.0, 0.0]]), [[0, 0], [50, 0], [30, 0]]);
        assert_eq!(corners(&[]), [[0; 2]; 0]);
    }

    #[test]
    fn coordinates_have_a_tenth_of_a_pixel() {
        assert_eq!([-0.04, -0.26, 3.0, 12.34].map(px), ["0", "-0.3", "3", "12.3"]);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |domain| {
            let (ticks, decimals) = Axis { domain, range: [0.0, 1.0] }.ticks();
            ticks.iter().map(|tick| format!("{tick:.decimals$}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ticks([0.4, 1.0]), "0.4 0.6 0.8 1.0");
        assert_eq!(ticks([-0.03, 0.02]), "-0.03 -0.02 -0.01 0.00 0.01 0.02");
        assert_eq!(ticks([-1.0, 1.0]), "-1.0 -0.5 0.0 0.5 1.0");
    }
}
