//! Lines over a common axis: losses by epoch, attention by rank.

use crate::element::{Element, element};
use crate::svg::{Axis, label, levels, line, path, svg};

const SIZE: [f64; 2] = [640.0, 260.0];

/// One line and its class in the style sheet.
pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) points: Vec<[f64; 2]>,
}

/// How the horizontal axis is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As it is.
    Linear,
    /// By its logarithm to base 10; all values are above 0.
    Logarithm,
}

/// Lines over a common horizontal axis.
pub(crate) fn lines(
    id: &str,
    title: &str,
    about: &str,
    axes: [&str; 2],
    scale: Scale,
    all: &[Line],
) -> Element {
    let place = |value: f64| if scale == Scale::Logarithm { value.log10() } else { value };
    let all: Vec<(&str, Vec<[f64; 2]>)> = all
        .iter()
        .map(|line| (line.class, line.points.iter().map(|&[x, y]| [place(x), y]).collect()))
        .collect();
    let points = || all.iter().flat_map(|(_, points)| points.iter().copied());
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
    for (tick, text) in named(&x, scale) {
        let at = x.at(tick);
        rules = rules.with(line([at, y.range[1]], [at, y.range[0] + 3.0], "rule")).with(label(
            [at, y.range[0] + 16.0],
            "tick middle",
            text,
        ));
    }
    let rules = rules.all(levels(&y, x.range));
    let drawn = all.iter().filter(|(_, points)| !points.is_empty()).map(|(class, points)| {
        let pixels: Vec<[f64; 2]> = points.iter().map(|&[a, b]| [x.at(a), y.at(b)]).collect();
        element("g").set("class", *class).with(path(&pixels, "curve"))
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

/// Ticks of the horizontal axis and what stands below them; of a logarithm the powers of ten.
fn named(axis: &Axis, scale: Scale) -> Vec<(f64, String)> {
    if scale == Scale::Linear {
        let (ticks, decimals) = axis.ticks();
        return ticks.iter().map(|tick| (*tick, format!("{:.decimals$}", tick + 0.0))).collect();
    }
    let [low, high] = axis.domain.map(|end| end.clamp(-15.0, 15.0));
    let powers = low.ceil() as i32..=high.floor() as i32;
    powers.map(|power| (f64::from(power), format!("{}", 10_f64.powi(power)))).collect()
}
