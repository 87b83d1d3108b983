//! From a start over steps to a total: bars, each beginning where the one above it ends.

use crate::element::{Element, element};
use crate::page::folded;
use crate::svg::{Axis, label, line, rectangle, svg};
use crate::table::table;

const WIDTH: f64 = 640.0;
const ROW: f64 = 26.0;
const BAR: f64 = 16.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 26.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 70.0;

/// A named number.
pub(crate) type Step = (String, f64);

/// The figure and its table. The steps lead from `start` to `total`.
pub(crate) fn waterfall(
    id: &str,
    title: &str,
    about: &str,
    start: &Step,
    steps: &[Step],
    total: &Step,
) -> Element {
    let mut bars = vec![(start.0.as_str(), 0.0, start.1, start.1, "control")];
    let mut at = start.1;
    for (name, value) in steps {
        bars.push((name, at, at + value, *value, if *value < 0.0 { "best" } else { "term" }));
        at += value;
    }
    bars.push((total.0.as_str(), 0.0, total.1, total.1, "rival"));
    let axis = Axis { domain: domain(&bars), range: [LEFT, WIDTH - RIGHT] };
    let base = TOP + ROW * bars.len() as f64;
    let mut picture = svg([WIDTH, base + BOTTOM], id, title, about).with(rules(&axis, base));
    for (i, (name, from, to, value, class)) in bars.iter().enumerate() {
        let y = TOP + ROW * i as f64;
        let [low, high] = [from.min(*to), from.max(*to)].map(|own| axis.at(own));
        let bar = rectangle([low, y + 5.0], [(high - low).max(1.0), BAR], "bar");
        let text = signed(*value);
        let mut row = element("g")
            .set("class", *class)
            .with(element("title").text(format!("{name}: {text}")))
            .with(label([LEFT - 12.0, y + 17.0], "end", name))
            .with(bar)
            .with(label([WIDTH, y + 17.0], "value end", text));
        if i + 2 < bars.len() {
            let x = axis.at(*to);
            row = row.with(line([x, y + 5.0], [x, y + ROW + 5.0], "axis"));
        }
        picture = picture.with(row);
    }
    let caption = element("figcaption").with(element("b").text(title)).text(". ").text(about);
    let rows =
        bars.iter().map(|(name, .., value, _)| vec![(*name).to_owned(), format!("{value:.4}")]);
    element("div")
        .set("class", "alone")
        .with(element("figure").with(caption).with(picture))
        .with(folded("As a table", table(title, &["step", "logit"], rows.collect::<Vec<_>>())))
}

/// A number with its sign and three decimals. Zero has none.
fn signed(value: f64) -> String {
    let text = format!("{value:+.3}");
    if ["+0.000", "-0.000"].contains(&text.as_str()) { "0.000".to_owned() } else { text }
}

/// All ends of all bars, and 0.
fn domain(bars: &[(&str, f64, f64, f64, &str)]) -> [f64; 2] {
    let ends = bars.iter().flat_map(|(_, from, to, ..)| [*from, *to]);
    let ends: Vec<f64> = ends.filter(|end| end.is_finite()).chain([0.0]).collect();
    let low = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low < high { [low, high] } else { [low - 0.5, high + 0.5] }
}

/// Thin lines at round values, and a dashed one at 0.
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
    let zero = axis.at(0.0);
    rules.with(line([zero, TOP], [zero, base], "nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(
            [-0.0004, 0.0, 0.0004, -0.0006].map(signed),
            ["0.000", "0.000", "0.000", "-0.001"]
        );
    }

    #[test]
    fn every_step_begins_where_the_last_one_ended() {
        let steps = [("a".to_owned(), 2.0), ("b".to_owned(), -0.5)];
        let own = waterfall(
            "x",
            "t",
            "d",
            &("bias".to_owned(), -1.0),
            &steps,
            &("logit".to_owned(), 0.5),
        );
        let html = own.html();
        let xs: Vec<&str> =
            html.split("<rect").skip(1).map(|text| text.split(" x=\"").nth(1).unwrap()).collect();
        // The domain is from -1 to 1 on 400 pixels from 170.
        let xs: Vec<&str> = xs.iter().map(|text| text.split('"').next().unwrap()).collect();
        assert_eq!(xs, ["170", "170", "470", "370"]);
        assert!(html.contains("<td>-0.5000</td>"));
    }

    #[test]
    fn nothing_at_all_is_drawn_too() {
        let zero = |name: &str| (name.to_owned(), 0.0);
        let html = waterfall("x", "t", "d", &zero("bias"), &[], &zero("logit")).html();
        assert!(!html.contains("NaN"), "{html}");
    }
}
