//! Scores of two classes, one above and one below a common axis.

use crate::element::{Element, element};
use crate::page::folded;
use crate::svg::{Axis, label, line, rectangle, svg};
use crate::table::table;

const SIZE: [f64; 2] = [720.0, 220.0];
const LEFT: f64 = 10.0;
const RIGHT: f64 = 10.0;
/// Where the axis of values lies, and how far the bars go from it.
const MIDDLE: f64 = 104.0;
const REACH: f64 = 82.0;
/// Bars, at most.
const BARS: usize = 40;

/// Numbers of scores in bins of equal width: the first class below the axis, the second above it.
pub(crate) fn by_class(id: &str, classes: &[(&str, Vec<f64>); 2]) -> Element {
    let all = || classes.iter().flat_map(|(_, scores)| scores.iter().copied());
    let [low, high] = [all().fold(0.0, f64::min), all().fold(0.0, f64::max)];
    let width = step((high - low) / BARS as f64);
    let first = (low / width).floor();
    let bins = ((high / width).floor() - first) as usize + 1;
    let axis = Axis {
        domain: [first * width, (first + bins as f64) * width],
        range: [LEFT, SIZE[0] - RIGHT],
    };
    let bin = |score: f64| ((score / width).floor() - first).max(0.0) as usize;
    let counts = |scores: &[f64]| {
        let mut counts = vec![0_usize; bins];
        for &score in scores {
            counts[bin(score).min(bins - 1)] += 1;
        }
        counts
    };
    let counts = [counts(&classes[0].1), counts(&classes[1].1)];
    let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let names = [classes[0].0, classes[1].0];
    let title = format!("Scores of {} and {}", names[1], names[0]);
    let about = format!(
        "{} scores of {} above the axis, {} of {} below it",
        classes[1].1.len(),
        names[1],
        classes[0].1.len(),
        names[0]
    );
    let mut picture = svg(SIZE, id, &title, &about).with(rules(&axis));
    for (class, (own, tone)) in counts.iter().zip(["rival", "own"]).enumerate() {
        let mut bars = element("g").set("class", tone);
        for (i, &n) in own.iter().enumerate().filter(|(_, n)| **n > 0) {
            let from = axis.at((first + i as f64) * width);
            let to = axis.at((first + i as f64 + 1.0) * width);
            let height = REACH * n as f64 / most;
            let top = if class == 1 { MIDDLE - height } else { MIDDLE };
            let text = format!("{}: {n}", names[class]);
            let bar = rectangle([from + 0.5, top], [to - from - 1.0, height], "bar");
            bars = bars.with(bar.with(element("title").text(text)));
        }
        let y = if class == 1 { 12.0 } else { MIDDLE + REACH + 12.0 };
        let text = format!("{} ({})", names[class], classes[class].1.len());
        picture = picture.with(bars.with(label([LEFT, y], "name", text)));
    }
    let rows = (0..bins).filter(|&i| counts[0][i] + counts[1][i] > 0).map(|i| {
        let edge = |i: usize| (first + i as f64) * width + 0.0;
        vec![
            format!("{:.2} to {:.2}", edge(i), edge(i + 1)),
            counts[0][i].to_string(),
            counts[1][i].to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let caption = element("figcaption").with(element("b").text(title)).text(". ").text(about);
    element("div")
        .set("class", "wide")
        .with(element("figure").with(caption).with(picture))
        .with(folded("As a table", table("Scores by class", &["logit", names[0], names[1]], rows)))
}

/// The line at 0 and round values below.
fn rules(axis: &Axis) -> Element {
    let (ticks, decimals) = axis.ticks();
    let mut rules = element("g").set("class", "rules");
    for tick in ticks {
        let (at, tick) = (axis.at(tick), tick + 0.0);
        rules = rules.with(line([at, MIDDLE - REACH], [at, MIDDLE + REACH], "rule")).with(label(
            [at, SIZE[1] - 4.0],
            "tick middle",
            format!("{tick:.decimals$}"),
        ));
    }
    let zero = axis.at(0.0);
    rules.with(line([LEFT, MIDDLE], [SIZE[0] - RIGHT, MIDDLE], "axis")).with(line(
        [zero, MIDDLE - REACH],
        [zero, MIDDLE + REACH],
        "nothing",
    ))
}

/// The next of 1, 2 and 5 times a power of ten; 1 if nothing varies.
fn step(width: f64) -> f64 {
    if !width.is_finite() || width <= 0.0 {
        return 1.0;
    }
    let unit = 10_f64.powf(width.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| unit * factor >= width);
    unit * factor.unwrap_or(10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_counted_once() {
        let scores = |n: usize, from: f64| (0..n).map(|i| from + i as f64 * 0.37).collect();
        let page = by_class("x", &[("well", scores(30, -6.0)), ("sick", scores(20, -1.0))]).html();
        let cells: Vec<usize> = page
            .split("<td>")
            .skip(1)
            .map(|cell| cell.split('<').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(cells.iter().step_by(2).sum::<usize>(), 30);
        assert_eq!(cells.iter().skip(1).step_by(2).sum::<usize>(), 20);
        let bars = cells.iter().filter(|n| **n > 0).count();
        assert_eq!(page.matches("class=\"bar\"").count(), bars);
    }

    #[test]
    fn equal_scores_and_none_are_drawn_too() {
        for scores in [vec![], vec![2.0; 3]] {
            let page = by_class("x", &[("a", scores.clone()), ("b", scores)]).html();
            assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
        }
    }

    #[test]
    fn widths_are_round() {
        let widths = [0.07, 0.2, 0.21, 1.0, 0.0].map(|width| format!("{:.3}", step(width)));
        assert_eq!(widths, ["0.100", "0.200", "0.500", "1.000", "1.000"]);
    }
}
