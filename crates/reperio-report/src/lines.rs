//! Losses over epochs: a thin line a member.

use crate::element::{Element, element};
use crate::svg::{Axis, label, line, path, svg};

const SIZE: [f64; 2] = [460.0, 220.0];

/// One line and its class in the style sheet.
pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) points: Vec<[f64; 2]>,
}

/// Lines over a common horizontal axis.
pub(crate) fn lines(id: &str, title: &str, about: &str, axes: [&str; 2], all: &[Line]) -> Element {
    let points = || all.iter().flat_map(|line| line.points.iter().copied());
    let range = |axis: usize| {
        let low = points().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let high = points().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max);
        if low < high { [low, high] } else { [low.min(0.0), low.max(0.0) + 1.0] }
    };
    let picture = svg(SIZE, id, title, about);
    if points().next().is_none() {
        return picture.with(label([SIZE[0] / 2.0, SIZE[1] / 2.0], "tick middle", "not defined"));
    }
    let x = Axis { domain: range(0), range: [48.0, SIZE[0] - 10.0] };
    let y = Axis { domain: range(1), range: [SIZE[1] - 40.0, 10.0] };
    let mut rules = element("g").set("class", "rules");
    let (ticks, decimals) = x.ticks();
    for tick in ticks {
        let (at, tick) = (x.at(tick), tick + 0.0);
        rules = rules.with(line([at, y.range[1]], [at, y.range[0] + 3.0], "rule")).with(label(
            [at, y.range[0] + 16.0],
            "tick middle",
            format!("{tick:.decimals$}"),
        ));
    }
    let (ticks, decimals) = y.ticks();
    for tick in ticks {
        let (at, tick) = (y.at(tick), tick + 0.0);
        rules = rules.with(line([x.range[0] - 3.0, at], [x.range[1], at], "rule")).with(label(
            [x.range[0] - 6.0, at + 4.0],
            "tick end",
            format!("{tick:.decimals$}"),
        ));
    }
    let drawn = all.iter().map(|own| {
        let pixels: Vec<[f64; 2]> = own.points.iter().map(|&[a, b]| [x.at(a), y.at(b)]).collect();
        element("g").set("class", own.class).with(path(&pixels, "curve"))
    });
    let turned = label([0.0, 0.0], "axis middle", axes[1]).set(
        "transform",
        format!("translate(12 {}) rotate(-90)", y.at(y.domain[0].midpoint(y.domain[1]))),
    );
    picture
        .with(rules)
        .all(drawn)
        .with(label(
            [x.at(x.domain[0].midpoint(x.domain[1])), SIZE[1] - 6.0],
            "axis middle",
            axes[0],
        ))
        .with(turned)
}
