//! ROC, precision-recall and calibration: a small panel a method, and large ones of a few together.

use reperio_baselines::compare::Figures;
use reperio_report::element::{Element, element};
use reperio_report::page::{number, or_dash};
use reperio_report::panel::{self, Curves, Frame, Kind, Layer};
use reperio_report::svg::{path, svg};

use super::ranked::{Ranked, Role};

/// A kind of panels of one cohort.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    pub(super) kind: Kind,
    /// Share of positive repertoires: the precision of guessing.
    pub(super) prevalence: f64,
}

/// The figure that sums a panel up.
fn figure(kind: Kind, figures: &Figures) -> String {
    let (name, value) = match kind {
        Kind::Roc => ("AUC", figures.auc),
        Kind::PrecisionRecall => ("AP", figures.average_precision),
        Kind::Calibration => ("Brier", figures.brier),
    };
    format!("{name} {}", or_dash(number(value)))
}

/// What is drawn of a method.
fn layer<'a>(one: &Ranked<'a>, class: &'a str) -> Layer<'a> {
    let curves = one.curves.map(|own| Curves {
        roc: &own.roc,
        precision_recall: &own.precision_recall,
        calibration: &own.calibration,
    });
    Layer { class, curves }
}

impl Panels {
    /// One panel a method, Reperio's curve in grey behind the others.
    pub(super) fn small(self, all: &[Ranked<'_>]) -> Element {
        let own = all.iter().find(|one| one.role == Role::Reference);
        let panel = |(i, one)| self.one(i, one, own.filter(|_| self.kind != Kind::Calibration));
        element("div").set("class", "panels").all(all.iter().enumerate().map(panel))
    }

    fn one(self, i: usize, one: &Ranked<'_>, behind: Option<&Ranked<'_>>) -> Element {
        let frame = Frame::small();
        let (name, figure) = (one.name(), figure(self.kind, &one.row.figures));
        let id = format!("{}-{}", self.kind.id(), i + 1);
        let picture = svg(frame.size, &id, &format!("{}: {name}", self.kind.title()), &figure);
        let behind = behind.filter(|behind| behind.name() != name && behind.curves.is_some());
        let layers = behind.map(|behind| layer(behind, "behind")).into_iter();
        let layers = layers.chain([layer(one, one.role.class())]);
        let picture = picture
            .with(panel::ground(self.kind, &frame, self.prevalence))
            .all(layers.map(|layer| panel::drawn(self.kind, &frame, &layer)));
        let caption = element("figcaption").with(element("b").text(name)).text(" ");
        let caption = caption.with(element("span").text(figure));
        element("figure").set("class", one.role.class()).with(caption).with(picture)
    }

    /// One panel of the methods that matter most, which are `chosen`.
    pub(super) fn large(self, chosen: &[&Ranked<'_>]) -> Element {
        // Controls are scattered over a calibration plot and hide the others.
        let hidden = |one: &&&Ranked<'_>| self.kind == Kind::Calibration && one.row.control;
        let chosen: Vec<&Ranked<'_>> = chosen.iter().filter(|one| !hidden(one)).copied().collect();
        let names: Vec<&str> = chosen.iter().map(|one| one.name()).collect();
        // Dashes above Reperio's line, so that both are seen where they are the same.
        let (own, others): (Vec<&Ranked<'_>>, Vec<_>) =
            chosen.iter().partition(|one| one.role == Role::Reference);
        let layers = own.into_iter().chain(others.into_iter().rev());
        let layers: Vec<Layer<'_>> = layers.map(|one| layer(one, one.role.class())).collect();
        let (id, text) = (format!("{}-large", self.kind.id()), format!("Of {}", names.join(", ")));
        let picture = panel::large(self.kind, &id, &text, self.prevalence, &layers);
        let without = if self.kind == Kind::Calibration { ", controls left out" } else { "" };
        let caption =
            element("figcaption").with(element("b").text(self.kind.title())).text(without);
        element("figure").with(caption).with(picture)
    }
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
