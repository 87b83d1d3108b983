//! The main figures: for every method its AUC, and its difference to Reperio.

use reperio_report::element::{Element, element};
use reperio_report::forest::{Forest, Marker, Row};

use super::super::tables::Cells;
use super::ranked::{Ranked, Role, auc_cell};

/// AUC with its interval and the folds' AUCs.
const AUC: Forest<'_> = Forest {
    id: "auc",
    title: "AUC with its 95 % interval",
    description: "The AUC of all held-out predictions together. Each small dot below it is the AUC of one fold. The dashed line marks chance.",
    nothing: 0.5,
};

/// The paired difference to Reperio.
const DIFFERENCE: Forest<'_> = Forest {
    id: "difference",
    title: "Difference of AUC from reperio, with its 95 % interval",
    description: "The differences are paired: both methods use the same bootstrap samples of subjects. A method to the right of the dashed line is better than reperio.",
    nothing: 0.0,
};

/// Both figures.
pub(super) fn forests(all: &[Ranked<'_>]) -> Element {
    let auc = |one: &Ranked<'_>| Row {
        value: one.row.figures.auc,
        interval: one.row.figures.auc_ci,
        spread: one.row.figures.fold_auc.iter().copied().flatten().collect(),
        text: auc_cell(&Cells::of(&one.row.figures)),
        ..named(one)
    };
    let difference = |one: &Ranked<'_>| Row {
        value: one.row.figures.difference,
        interval: one.row.figures.difference_ci,
        text: Cells::of(&one.row.figures).difference,
        ..named(one)
    };
    element("div")
        .set("class", "forests")
        .with(AUC.draw(&all.iter().map(auc).collect::<Vec<_>>()))
        .with(DIFFERENCE.draw(&all.iter().map(difference).collect::<Vec<_>>()))
}

/// A row without figures.
fn named(one: &Ranked<'_>) -> Row {
    let marker = match one.role {
        Role::Reference => Marker::Disc,
        Role::Control | Role::Permuted => Marker::Small,
        Role::BestRival => Marker::Diamond,
        Role::Rival => Marker::Square,
        Role::Oracle => Marker::Triangle,
    };
    Row {
        name: one.name().to_owned(),
        class: one.role.class(),
        marker,
        value: None,
        interval: None,
        spread: Vec::new(),
        text: String::new(),
    }
}
