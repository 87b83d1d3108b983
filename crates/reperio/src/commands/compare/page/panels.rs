//! ROC, precision-recall and calibration: a small panel a method, and large ones of a few together.

use reperio_baselines::compare::{Curves, Figures};

use super::super::tables::number;
use super::element::{Element, element};
use super::or_dash;
use super::ranked::{Ranked, Role};
use super::svg::{Axis, disc, label, line, path, svg};

/// What a panel shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Roc,
    PrecisionRecall,
    Calibration,
}

/// A kind of panels of one cohort.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    pub(super) kind: Kind,
    /// Share of positive repertoires: the precision of guessing.
    pub(super) prevalence: f64,
}

impl Kind {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Roc => "ROC",
            Self::PrecisionRecall => "Precision and recall",
            Self::Calibration => "Calibration",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Roc => "roc",
            Self::PrecisionRecall => "pr",
            Self::Calibration => "calibration",
        }
    }

    /// What the horizontal and the vertical axis show.
    pub(super) fn axes(self) -> [&'static str; 2] {
        match self {
            Self::Roc => ["false positive rate", "true positive rate"],
            Self::PrecisionRecall => ["recall", "precision"],
            Self::Calibration => ["mean predicted probability", "share of positive repertoires"],
        }
    }

    /// The figure that sums a panel up.
    fn figure(self, figures: &Figures) -> String {
        let (name, value) = match self {
            Self::Roc => ("AUC", figures.auc),
            Self::PrecisionRecall => ("AP", figures.average_precision),
            Self::Calibration => ("Brier", figures.brier),
        };
        format!("{name} {}", or_dash(number(value)))
    }
}

/// Where a panel draws. All axes go from 0 to 1.
struct Frame {
    size: [f64; 2],
    x: Axis,
    y: Axis,
    /// Radius of a calibration point that holds all repertoires.
    radius: f64,
}

impl Frame {
    fn new(size: [f64; 2], left: f64, bottom: f64, radius: f64) -> Self {
        let axis = |range| Axis { domain: [0.0, 1.0], range };
        let (x, y) = (axis([left, size[0] - 8.0]), axis([size[1] - bottom, 8.0]));
        Self { size, x, y, radius }
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x.at(x), self.y.at(y)]
    }
}

impl Panels {
    /// One panel a method, Reperio's curve in grey behind the others.
    pub(super) fn small(self, all: &[Ranked<'_>]) -> Element {
        let own = all.iter().find(|one| one.role == Role::Reference);
        let panel = |(i, one)| self.one(i, one, own.filter(|_| self.kind != Kind::Calibration));
        element("div").set("class", "panels").all(all.iter().enumerate().map(panel))
    }

    fn one(self, i: usize, one: &Ranked<'_>, behind: Option<&Ranked<'_>>) -> Element {
        let frame = Frame::new([168.0, 160.0], 24.0, 18.0, 12.0);
        let (name, figure) = (one.name(), self.kind.figure(&one.row.figures));
        let id = format!("{}-{}", self.kind.id(), i + 1);
        let picture = svg(frame.size, &id, &format!("{}: {name}", self.kind.title()), &figure);
        let behind = behind.filter(|behind| behind.name() != name).and_then(|behind| behind.curves);
        let mut picture = picture.with(self.ground(&frame));
        picture = picture.all(behind.map(|curves| self.layer(&frame, curves, "behind")));
        picture = picture.with(self.drawn(&frame, one));
        let caption = element("figcaption").with(element("b").text(name)).text(" ");
        let caption = caption.with(element("span").text(figure));
        element("figure").set("class", one.role.class()).with(caption).with(picture)
    }

    /// One panel of the methods that matter most, which are `chosen`.
    pub(super) fn large(self, chosen: &[&Ranked<'_>]) -> Element {
        let frame = Frame::new([352.0, 330.0], 46.0, 40.0, 16.0);
        // Controls are scattered over a calibration plot and hide the others.
        let hidden = |one: &&&Ranked<'_>| self.kind == Kind::Calibration && one.row.control;
        let chosen: Vec<&Ranked<'_>> = chosen.iter().filter(|one| !hidden(one)).copied().collect();
        let names: Vec<&str> = chosen.iter().map(|one| one.name()).collect();
        let (title, [x, y]) = (self.kind.title(), self.kind.axes());
        let id = format!("{}-large", self.kind.id());
        let picture = svg(frame.size, &id, title, &format!("Of {}", names.join(", ")));
        let middle = frame.at([0.5, 0.5]);
        let turned = label([0.0, 0.0], "axis middle", y);
        let turned = turned.set("transform", format!("translate(12 {}) rotate(-90)", middle[1]));
        // Dashes above Reperio's line, so that both are seen where they are the same.
        let (own, others): (Vec<&Ranked<'_>>, Vec<_>) =
            chosen.iter().partition(|one| one.role == Role::Reference);
        let layers = own.into_iter().chain(others.into_iter().rev());
        let layers = layers.map(|one| self.drawn(&frame, one));
        let picture = picture
            .with(self.ground(&frame))
            .all(layers)
            .with(label([middle[0], frame.size[1] - 6.0], "axis middle", x))
            .with(turned);
        let without = if self.kind == Kind::Calibration { ", controls left out" } else { "" };
        let caption = element("figcaption").with(element("b").text(title)).text(without);
        element("figure").with(caption).with(picture)
    }

    /// Axes, and where guesses are.
    fn ground(self, frame: &Frame) -> Element {
        let mut ground = element("g").set("class", "rules");
        for (value, text) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
            let ([x, top], [left, y]) = (frame.at([value, 1.0]), frame.at([0.0, value]));
            let (base, right) = (frame.y.at(0.0), frame.x.at(1.0));
            ground = ground
                .with(line([x, top], [x, base + 3.0], "rule"))
                .with(line([left - 3.0, y], [right, y], "rule"))
                .with(label([x, base + 13.0], "tick middle", text))
                .with(label([left - 6.0, y + 3.0], "tick end", text));
        }
        let guess = match self.kind {
            Kind::PrecisionRecall => [[0.0, self.prevalence], [1.0, self.prevalence]],
            Kind::Roc | Kind::Calibration => [[0.0, 0.0], [1.0, 1.0]],
        };
        let known = guess.iter().flatten().all(|value| value.is_finite());
        let [from, to] = guess.map(|point| frame.at(point));
        ground.all(known.then(|| line(from, to, "nothing")))
    }

    fn drawn(self, frame: &Frame, one: &Ranked<'_>) -> Element {
        let drawn = one.curves.map(|curves| self.layer(frame, curves, one.role.class()));
        drawn.unwrap_or_else(|| not_defined(frame))
    }

    fn layer(self, frame: &Frame, curves: &Curves, class: &str) -> Element {
        let bins = curves.calibration.iter();
        let mut points: Vec<[f64; 2]> = match self.kind {
            Kind::Roc => curves.roc.clone(),
            Kind::PrecisionRecall => curves.precision_recall.clone(),
            Kind::Calibration => {
                bins.filter_map(|bin| Some([bin.mean_probability?, bin.positive_share?])).collect()
            }
        };
        points.retain(|point| point.iter().all(|value| value.is_finite()));
        if self.kind == Kind::PrecisionRecall {
            points = steps(&points);
        }
        let pixels: Vec<[f64; 2]> = points.into_iter().map(|point| frame.at(point)).collect();
        if pixels.is_empty() {
            return not_defined(frame);
        }
        let layer = element("g").set("class", class).with(path(&pixels, "curve"));
        if self.kind == Kind::Calibration { layer.all(discs(frame, curves)) } else { layer }
    }
}

/// The precision-recall curve as steps: the area below them is the average precision.
///
/// A straight line between two of its points would promise what no threshold reaches (Davis and Goadrich
/// 2006, <https://doi.org/10.1145/1143844.1143874>).
fn steps(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut recall = 0.0;
    let mut steps = Vec::with_capacity(2 * points.len());
    for &[next, precision] in points {
        steps.extend([[recall, precision], [next, precision]]);
        recall = next;
    }
    steps
}

/// A disc a bin, its area by the number of repertoires in it.
fn discs<'a>(frame: &'a Frame, curves: &'a Curves) -> impl Iterator<Item = Element> + 'a {
    let total: usize = curves.calibration.iter().map(|bin| bin.n).sum();
    curves.calibration.iter().filter_map(move |bin| {
        let (probability, share) = (bin.mean_probability?, bin.positive_share?);
        let radius = frame.radius * (bin.n as f64 / total.max(1) as f64).sqrt();
        let text =
            format!("{} repertoires: predicted {probability:.2}, positive {share:.2}", bin.n);
        let point = disc(frame.at([probability, share]), radius.max(1.5), "bin");
        let known = probability.is_finite() && share.is_finite();
        known.then(|| point.with(element("title").text(text)))
    })
}

fn not_defined(frame: &Frame) -> Element {
    label(frame.at([0.5, 0.45]), "tick middle", "not defined")
}

/// Which line is which in the large panels.
pub(super) fn legend(chosen: &[&Ranked<'_>]) -> Element {
    let entry = |one: &&Ranked<'_>| {
        let sample = element("svg")
            .set("viewBox", "0 0 36 10")
            .set("aria-hidden", "true")
            .with(path(&[[1.0, 5.0], [35.0, 5.0]], "curve"));
        element("li").set("class", one.role.class()).with(sample).text(one.name())
    };
    element("ul").set("class", "legend").all(chosen.iter().map(entry))
}
