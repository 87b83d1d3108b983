//! The methods in the order of the page, and the methods that it highlights.

use std::cmp::{Ordering, Reverse};

use reperio_baselines::compare::{Curves, MethodSummary, REFERENCE};
use reperio_report::page::or_dash;

use super::super::Compared;
use super::super::tables::{Cells, with_interval};

/// The method that knows what was implanted: an upper bound, not a rival.
const ORACLE: &str = "known-motif";

/// How a method is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Reperio.
    Reference,
    /// The best of the others.
    BestRival,
    /// Another method.
    Rival,
    /// A method with knowledge that no one has of a real cohort.
    Oracle,
    /// What can be reached without the signal.
    Control,
    /// What can be reached without labels.
    Permuted,
}

impl Role {
    /// Its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Reference => "own",
            Self::BestRival => "best",
            Self::Rival => "rival",
            Self::Oracle => "oracle",
            Self::Control => "control",
            Self::Permuted => "control permuted",
        }
    }
}

/// A method with its curves.
pub(super) struct Ranked<'a> {
    pub(super) row: &'a MethodSummary,
    pub(super) role: Role,
    pub(super) curves: Option<&'a Curves>,
}

impl Ranked<'_> {
    pub(super) fn name(&self) -> &str {
        &self.row.figures.method
    }

    pub(super) fn auc(&self) -> Option<f64> {
        self.row.figures.auc.filter(|auc| auc.is_finite())
    }

    /// Whether it competes for the first place.
    fn competes(&self) -> bool {
        matches!(self.role, Role::Reference | Role::BestRival | Role::Rival)
    }
}

/// All methods, the highest AUC first.
pub(super) fn ranked<'a>(compared: &'a Compared) -> Vec<Ranked<'a>> {
    let role = |row: &MethodSummary| match row.figures.method.as_str() {
        REFERENCE => Role::Reference,
        ORACLE => Role::Oracle,
        _ if row.figures.permuted => Role::Permuted,
        _ if row.control => Role::Control,
        _ => Role::Rival,
    };
    let ranked = |row: &'a MethodSummary| {
        let curves =
            compared.summary.curves.iter().find(|curves| curves.method == row.figures.method);
        Ranked { row, role: role(row), curves }
    };
    let mut all: Vec<Ranked<'_>> = compared.summary.methods.iter().map(ranked).collect();
    all.sort_by_key(|one| Reverse(rank(one)));
    if let Some(best) = all.iter_mut().find(|one| one.role == Role::Rival) {
        best.role = Role::BestRival;
    }
    all
}

/// Sentences on Reperio's place, on what is above it and on the controls.
pub(super) fn verdict(all: &[Ranked<'_>]) -> Vec<String> {
    let rivals: Vec<&Ranked<'_>> = all.iter().filter(|one| one.competes()).collect();
    let (own, others): (Vec<&Ranked<'_>>, _) =
        rivals.iter().partition(|one| one.role == Role::Reference);
    let mut sentences: Vec<String> = own.iter().map(|own| place(own, &others)).collect();
    let groups: [(&str, &[Role]); 2] = [
        ("Knows the implanted motif", &[Role::Oracle]),
        ("Controls", &[Role::Control, Role::Permuted]),
    ];
    for (text, roles) in groups {
        let known = all.iter().filter(|one| roles.contains(&one.role));
        let known: Vec<String> = known.map(with_auc).collect();
        if !known.is_empty() {
            sentences.push(format!("{text}: {}.", known.join("; ")));
        }
    }
    sentences
}

fn place(own: &Ranked<'_>, others: &[&Ranked<'_>]) -> String {
    let auc = auc_cell(&Cells::of(&own.row.figures));
    let of = |order| others.iter().filter(move |other| rank(other).cmp(&rank(own)) == order);
    let above: Vec<String> = of(Ordering::Greater)
        .map(|other| format!("{} {}", other.name(), Cells::of(&other.row.figures).difference))
        .collect();
    let level: Vec<&str> = of(Ordering::Equal).map(|other| other.name()).collect();
    let mut text = format!(
        "{} has AUC {auc} and ranks number {} of {}",
        own.name(),
        above.len() + 1,
        others.len() + 1
    );
    if !level.is_empty() {
        text = format!("{text}, level with {}", level.join(", "));
    }
    if above.is_empty() {
        return text + ".";
    }
    format!("{text}. Better methods, with their difference from it: {}.", above.join("; "))
}

/// AUC in millionths, so that methods equal to what the page shows are level.
fn rank(one: &Ranked<'_>) -> Option<i64> {
    one.auc().map(|auc| (auc * 1e6).round() as i64)
}

/// "reperio 0.912 (0.880 to 0.940)".
fn with_auc(one: &Ranked<'_>) -> String {
    format!("{} {}", one.name(), auc_cell(&Cells::of(&one.row.figures)))
}

/// "0.912 (0.880 to 0.940)"; an en dash where there is none.
pub(super) fn auc_cell(cells: &Cells) -> String {
    or_dash(with_interval(&cells.auc, &cells.interval))
}
