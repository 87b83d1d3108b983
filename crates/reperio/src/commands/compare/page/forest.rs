//! The main figure: for every method a value with its interval, one under the other.

use reperio_baselines::compare::Figures;

use super::super::tables::Cells;
use super::element::{Element, element};
use super::ranked::{Ranked, Role, auc_cell};
use super::svg::{Axis, disc, label, line, path, svg};

const WIDTH: f64 = 556.0;
const ROW: f64 = 22.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 26.0;
/// Width of a letter of a name, and of the text at the right, at most.
const LETTER: f64 = 6.3;
const VALUES: f64 = 164.0;
/// Letters of a name that are drawn; the tables have whole names.
const NAME: usize = 24;

/// What is drawn of each method.
pub(super) struct Forest {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// Where nothing was learned, or nothing is different.
    pub(super) nothing: f64,
    pub(super) value: fn(&Figures) -> Option<f64>,
    pub(super) interval: fn(&Figures) -> Option<[f64; 2]>,
    /// Further values, drawn small.
    pub(super) spread: fn(&Figures) -> Vec<f64>,
    pub(super) text: fn(&Cells) -> String,
}

/// AUC with its interval and the folds' AUCs.
pub(super) const AUC: Forest = Forest {
    id: "auc",
    title: "AUC with its 95 % interval",
    description: "The AUC of all held-out predictions together. Each small dot below it is the AUC of one fold. The dashed line marks chance.",
    nothing: 0.5,
    value: |figures| figures.auc,
    interval: |figures| figures.auc_ci,
    spread: |figures| figures.fold_auc.iter().copied().flatten().collect(),
    text: auc_cell,
};

/// The paired difference to Reperio.
pub(super) const DIFFERENCE: Forest = Forest {
    id: "difference",
    title: "Difference of AUC from reperio, with its 95 % interval",
    description: "The differences are paired: both methods use the same bootstrap samples of subjects. A method to the right of the dashed line is better than reperio.",
    nothing: 0.0,
    value: |figures| figures.difference,
    interval: |figures| figures.difference_ci,
    spread: |_| Vec::new(),
    text: |cells| cells.difference.clone(),
};

impl Forest {
    /// The figure; a method without a value has an empty line.
    pub(super) fn draw(&self, all: &[Ranked<'_>]) -> Element {
        let letters = all.iter().map(|one| one.name().chars().count().min(NAME)).max().unwrap_or(0);
        let left = letters as f64 * LETTER + 14.0;
        let axis = Axis { domain: self.domain(all), range: [left, WIDTH - VALUES] };
        let base = TOP + ROW * all.len() as f64;
        let mut picture = svg([WIDTH, base + BOTTOM], self.id, self.title, self.description)
            .with(rules(&axis, base));
        let at = axis.at(self.nothing);
        picture = picture.with(line([at, TOP], [at, base], "nothing"));
        let rows = all
            .iter()
            .enumerate()
            .map(|(i, one)| self.row(one, &axis, TOP + ROW * (i as f64 + 0.5)));
        let caption = element("figcaption").with(element("b").text(self.title)).text(". ");
        element("figure").with(caption.text(self.description)).with(picture.all(rows))
    }

    /// From the lowest to the highest value drawn, rounded outwards.
    fn domain(&self, all: &[Ranked<'_>]) -> [f64; 2] {
        let mut values = vec![self.nothing];
        for Ranked { row, .. } in all {
            values.extend((self.value)(&row.figures));
            values.extend((self.interval)(&row.figures).into_iter().flatten());
            values.extend((self.spread)(&row.figures));
        }
        values.retain(|value| value.is_finite());
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let unit = if high - low < 0.2 { 0.02 } else { 0.1 };
        [((low - 1e-9) / unit).floor() * unit, ((high + 1e-9) / unit).ceil() * unit]
    }

    fn row(&self, one: &Ranked<'_>, axis: &Axis, y: f64) -> Element {
        let figures = &one.row.figures;
        let name = shortened(one.name());
        let text = (self.text)(&Cells::of(figures));
        let mut row = element("g")
            .set("class", one.role.class())
            .with(element("title").text(format!("{} {text}", one.name())))
            .with(label([axis.range[0] - 10.0, y + 4.0], "name end", name))
            .with(label([WIDTH, y + 4.0], "value end", text));
        let finite = |value: &f64| value.is_finite();
        row = row.all(
            (self.spread)(figures)
                .iter()
                .filter(|value| finite(value))
                .map(|&value| disc([axis.at(value), y + 6.0], 1.7, "fold")),
        );
        if let Some(ends) = (self.interval)(figures).filter(|ends| ends.iter().all(finite)) {
            let [low, high] = ends.map(|end| [axis.at(end), y]);
            row = row.with(line(low, high, "interval"));
        }
        match (self.value)(figures).filter(finite) {
            Some(value) => row.with(marker(one.role, [axis.at(value), y])),
            None => row,
        }
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

/// A shape a role, so that it is known without its colour.
fn marker(role: Role, [x, y]: [f64; 2]) -> Element {
    let around = |corners: &[[f64; 2]]| {
        let points: Vec<[f64; 2]> = corners.iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
        path(&points, "marker")
    };
    match role {
        Role::Reference => disc([x, y], 5.0, "marker"),
        Role::Control | Role::Permuted => disc([x, y], 4.0, "marker"),
        Role::BestRival => around(&[[-6.0, 0.0], [0.0, -6.0], [6.0, 0.0], [0.0, 6.0], [-6.0, 0.0]]),
        Role::Rival => around(&[[-3.5, -3.5], [3.5, -3.5], [3.5, 3.5], [-3.5, 3.5], [-3.5, -3.5]]),
        Role::Oracle => around(&[[-5.0, 4.0], [0.0, -5.0], [5.0, 4.0], [-5.0, 4.0]]),
    }
}
