//! ROC, precision-recall and calibration: square panels in which all axes go from 0 to 1.

use reperio_stats::metrics::CalibrationBin;

use crate::element::{Element, element};
use crate::svg::{Axis, disc, label, line, path, svg};

/// What a panel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True positive rate over false positive rate.
    Roc,
    /// Precision over recall.
    PrecisionRecall,
    /// Share of positives over predicted probability.
    Calibration,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Roc, Self::PrecisionRecall, Self::Calibration];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Roc => "ROC",
            Self::PrecisionRecall => "Precision and recall",
            Self::Calibration => "Calibration",
        }
    }

    /// Its name in ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::Roc => "roc",
            Self::PrecisionRecall => "pr",
            Self::Calibration => "calibration",
        }
    }

    /// What the horizontal and the vertical axis show.
    pub fn axes(self) -> [&'static str; 2] {
        match self {
            Self::Roc => ["false positive rate", "true positive rate"],
            Self::PrecisionRecall => ["recall", "precision"],
            Self::Calibration => ["mean predicted probability", "share of positive repertoires"],
        }
    }
}

/// The curves of one set of predictions.
#[derive(Clone, Copy)]
pub struct Curves<'a> {
    /// (false positive rate, true positive rate)
    pub roc: &'a [[f64; 2]],
    /// (recall, precision)
    pub precision_recall: &'a [[f64; 2]],
    /// Bins of the predicted probability.
    pub calibration: &'a [CalibrationBin],
}

/// Curves with their place in the style sheet.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// Class in the style sheet, which says its colour and dashes.
    pub class: &'a str,
    /// What is drawn; nothing where it is not defined.
    pub curves: Option<Curves<'a>>,
}

/// Where a panel draws.
pub struct Frame {
    /// Size in pixels.
    pub size: [f64; 2],
    x: Axis,
    y: Axis,
    /// Radius of a calibration point that holds all repertoires.
    radius: f64,
}

impl Frame {
    /// One of many, to be compared at a glance.
    pub fn small() -> Self {
        Self::new([168.0, 160.0], 24.0, 18.0, 12.0)
    }

    /// One to be read.
    pub fn large() -> Self {
        Self::new([352.0, 330.0], 46.0, 40.0, 16.0)
    }

    fn new(size: [f64; 2], left: f64, bottom: f64, radius: f64) -> Self {
        let axis = |range| Axis { domain: [0.0, 1.0], range };
        // The largest point fits beside the corner.
        let edge = radius + 1.0;
        let (x, y) = (axis([left, size[0] - edge]), axis([size[1] - bottom, edge]));
        Self { size, x, y, radius }
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x.at(x), self.y.at(y)]
    }
}

/// A picture with named axes: `layers` one over the other, the last on top. `prevalence` is the share of positive
/// repertoires, the precision of guessing.
pub fn large(
    kind: Kind,
    id: &str,
    description: &str,
    prevalence: f64,
    layers: &[Layer<'_>],
) -> Element {
    let frame = Frame::large();
    let [x, y] = kind.axes();
    let picture = svg(frame.size, id, kind.title(), description);
    let middle = frame.at([0.5, 0.5]);
    let turned = label([0.0, 0.0], "axis middle", y);
    let turned = turned.set("transform", format!("translate(12 {}) rotate(-90)", middle[1]));
    picture
        .with(ground(kind, &frame, prevalence))
        .all(layers.iter().map(|own| drawn(kind, &frame, own)))
        .with(label([middle[0], frame.size[1] - 6.0], "axis middle", x))
        .with(turned)
}

/// Axes, and where guesses are.
pub fn ground(kind: Kind, frame: &Frame, prevalence: f64) -> Element {
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
    let guess = match kind {
        Kind::PrecisionRecall => [[0.0, prevalence], [1.0, prevalence]],
        Kind::Roc | Kind::Calibration => [[0.0, 0.0], [1.0, 1.0]],
    };
    let known = guess.iter().flatten().all(|value| value.is_finite());
    let [from, to] = guess.map(|point| frame.at(point));
    ground.all(known.then(|| line(from, to, "nothing")))
}

/// One layer, or a word where there is nothing to draw.
pub fn drawn(kind: Kind, frame: &Frame, layer: &Layer<'_>) -> Element {
    let drawn = layer.curves.map(|curves| curve(kind, frame, curves, layer.class));
    drawn.unwrap_or_else(|| not_defined(frame))
}

fn curve(kind: Kind, frame: &Frame, curves: Curves<'_>, class: &str) -> Element {
    let bins = curves.calibration.iter();
    let mut points: Vec<[f64; 2]> = match kind {
        Kind::Roc => curves.roc.to_vec(),
        Kind::PrecisionRecall => curves.precision_recall.to_vec(),
        Kind::Calibration => {
            bins.filter_map(|bin| Some([bin.mean_probability?, bin.positive_share?])).collect()
        }
    };
    points.retain(|point| point.iter().all(|value| value.is_finite()));
    if kind == Kind::PrecisionRecall {
        points = steps(&points);
    }
    let pixels: Vec<[f64; 2]> = points.into_iter().map(|point| frame.at(point)).collect();
    if pixels.is_empty() {
        return not_defined(frame);
    }
    let layer = element("g").set("class", class).with(path(&pixels, "curve"));
    if kind == Kind::Calibration { layer.all(discs(frame, curves)) } else { layer }
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
fn discs<'a>(frame: &'a Frame, curves: Curves<'a>) -> impl Iterator<Item = Element> + 'a {
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
