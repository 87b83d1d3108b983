//! ROC, precision and recall, calibration: a line a class.

use reperio_stats::metrics::{
    CalibrationBin, calibration, precision_recall_curve, probability, roc_curve,
};

use super::HeldOut;
use crate::element::{Element, element};
use crate::page::{SERIES, folded, legend, number, section};
use crate::panel::{self, Curves, Kind, Layer};
use crate::table::table;

/// Bins of the calibration.
const BINS: usize = 10;

/// Points of a curve that its table shows, at most.
const POINTS: usize = 40;

/// Scores of repertoires with a label.
pub(super) struct Scored {
    pub(super) logits: Vec<f64>,
    /// Whether each is of the class.
    pub(super) labels: Vec<bool>,
}

/// Points of all curves of one class.
pub(super) struct Drawn {
    roc: Vec<[f64; 2]>,
    precision_recall: Vec<[f64; 2]>,
    calibration: Vec<CalibrationBin>,
}

impl Drawn {
    pub(super) fn of(scored: &Scored) -> Self {
        let Scored { logits, labels } = scored;
        let probabilities: Vec<f64> = logits.iter().map(|&logit| probability(logit)).collect();
        let roc = roc_curve(logits, labels).into_iter();
        let precision = precision_recall_curve(logits, labels).into_iter();
        Self {
            roc: roc.map(|at| [at.false_positive_rate, at.true_positive_rate]).collect(),
            precision_recall: precision.map(|at| [at.recall, at.precision]).collect(),
            calibration: calibration(&probabilities, labels, BINS),
        }
    }

    /// A row of `curves.tsv` for every point, without target and class.
    pub(super) fn rows(&self) -> Vec<[String; 6]> {
        let point = |curve: &str, [x, y]: &[f64; 2]| {
            let empty = String::new;
            [curve.to_owned(), empty(), empty(), x.to_string(), y.to_string(), empty()]
        };
        let bin = |bin: &CalibrationBin| {
            let known = |value: Option<f64>| value.map_or_else(String::new, |own| own.to_string());
            [
                "calibration".to_owned(),
                bin.low.to_string(),
                bin.high.to_string(),
                known(bin.mean_probability),
                known(bin.positive_share),
                bin.n.to_string(),
            ]
        };
        let roc = self.roc.iter().map(|own| point("roc", own));
        let precision = self.precision_recall.iter().map(|own| point("precision_recall", own));
        roc.chain(precision).chain(self.calibration.iter().map(bin)).collect()
    }

    fn curves(&self) -> Curves<'_> {
        Curves {
            roc: &self.roc,
            precision_recall: &self.precision_recall,
            calibration: &self.calibration,
        }
    }
}

impl HeldOut<'_> {
    /// The three panels and their tables.
    pub(super) fn curves(&self, scored: &[(&str, &Scored)], drawn: &[Drawn]) -> Element {
        let mut layers = Vec::with_capacity(drawn.len());
        for (i, own) in drawn.iter().enumerate() {
            layers.push(Layer { class: SERIES[i % SERIES.len()], curves: Some(own.curves()) });
        }
        let names: Vec<&str> = scored.iter().map(|(name, _)| *name).collect();
        let prevalence = prevalence(scored);
        let figure = |kind: Kind| {
            let id = format!("{}-{}", self.id, kind.id());
            let about = format!("Of {}", names.join(", "));
            let picture = panel::large(kind, &id, &about, prevalence, &layers);
            let caption = element("figcaption").with(element("b").text(kind.title()));
            element("figure").with(caption).with(picture)
        };
        let title = format!("{}: curves", self.labels.column);
        let mut own = section(&format!("{}-curves", self.id), &title, None);
        if scored.len() > 1 {
            own = own.with(legend(names.iter().copied()));
        }
        let named = || names.iter().copied().zip(drawn);
        own.with(element("div").set("class", "large").all(Kind::ALL.map(figure)))
            .with(folded("Curves as tables", points(named()).with(bins(named()))))
    }
}

/// Share of the class, the precision of guessing. Several classes have one each: there is no line of guessing.
fn prevalence(scored: &[(&str, &Scored)]) -> f64 {
    let [(_, own)] = scored else { return f64::NAN };
    own.labels.iter().filter(|label| **label).count() as f64 / own.labels.len() as f64
}

/// Points of the ROC and precision-recall curves, thinned.
fn points<'a>(all: impl Iterator<Item = (&'a str, &'a Drawn)>) -> Element {
    let mut tables = element("div").set("class", "tables");
    for (name, own) in all {
        for (kind, points) in
            [(Kind::Roc, &own.roc), (Kind::PrecisionRecall, &own.precision_recall)]
        {
            let step = points.len().div_ceil(POINTS).max(1);
            let last = points.len().saturating_sub(1);
            let kept = points.iter().enumerate().filter(|(i, _)| i % step == 0 || *i == last);
            let rows = kept.map(|(_, point)| point.map(|value| number(Some(value))).to_vec());
            let thinned = if step > 1 { ", thinned" } else { "" };
            let caption = format!("{}, {name}{thinned}", kind.title());
            tables = tables.with(table(&caption, &kind.axes(), rows));
        }
    }
    tables
}

/// Bins of the calibration.
fn bins<'a>(all: impl Iterator<Item = (&'a str, &'a Drawn)>) -> Element {
    let rows = all.flat_map(|(name, own)| {
        let filled = own.calibration.iter().filter(|bin| bin.n > 0);
        filled.map(move |bin| {
            vec![
                name.to_owned(),
                format!("{:.1} to {:.1}", bin.low, bin.high),
                bin.n.to_string(),
                number(bin.mean_probability),
                number(bin.positive_share),
            ]
        })
    });
    let names = ["class", "probability", "repertoires", "mean predicted", "share that has it"];
    table("Calibration", &names, rows)
}
