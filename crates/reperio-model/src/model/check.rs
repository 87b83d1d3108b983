//! Checks that the numbers of a model's description are consistent, before anything is computed with them.

use std::collections::BTreeSet;

use candle_core::{Result, bail};
use reperio_data::repertoire::GeneVocabulary;

use super::{ModelInfo, TargetModel};
use crate::parts::{Part, Table};
use crate::target::{Target, TargetKind};

/// Checks everything but the parameters of the network, which are checked where they are taken.
pub(super) fn check(info: &ModelInfo, members: usize, targets: &[TargetModel]) -> Result<()> {
    check_genes(&info.genes)?;
    if info.targets.is_empty() || info.targets.len() != targets.len() {
        bail!(
            "{} targets and {} of parts, expected one or more",
            info.targets.len(),
            targets.len()
        );
    }
    let columns: BTreeSet<&String> = info.targets.iter().map(|target| &target.column).collect();
    if columns.len() != info.targets.len() {
        bail!("two targets of one column, expected different ones");
    }
    for (target, own) in info.targets.iter().zip(targets) {
        check_kind(target)?;
        check_parts(target, own, members)?;
    }
    Ok(())
}

/// Checks where evidence is counted from, for members of `heads` state patterns.
pub(super) fn check_origin(info: &ModelInfo, heads: &[usize]) -> Result<()> {
    let origin = &info.evidence_origin;
    if !origin.is_empty() && origin.len() != heads.len() {
        bail!("{} evidence origins for {} members of the network", origin.len(), heads.len());
    }
    let outputs: usize = info.targets.iter().map(Target::width).sum();
    for (own, heads) in origin.iter().zip(heads) {
        if own.len() != outputs * heads {
            bail!("an evidence origin of {} values, expected {}", own.len(), outputs * heads);
        }
    }
    Ok(())
}

fn check_genes(genes: &GeneVocabulary) -> Result<()> {
    for names in [&genes.v, &genes.j] {
        let sorted = names.is_sorted_by(|a, b| a < b);
        if !names.first().is_some_and(String::is_empty) || !sorted || names.len() > 65_535 {
            bail!(
                "a list of {} genes, expected distinct sorted names, the unknown one first",
                names.len()
            );
        }
    }
    Ok(())
}

fn check_kind(target: &Target) -> Result<()> {
    let column = &target.column;
    match &target.kind {
        TargetKind::Binary { positive, negative } if positive == negative => {
            bail!("target {column}: {positive:?} against itself, expected two classes")
        }
        TargetKind::Classes { classes }
            if classes.len() < 2 || !classes.is_sorted_by(|a, b| a < b) =>
        {
            bail!("target {column}: classes {classes:?}, expected at least two, sorted")
        }
        TargetKind::Regression { mean, sd }
            if !(mean.is_finite() && sd.is_finite() && *sd > 0.0) =>
        {
            bail!(
                "target {column}: mean {mean} and deviation {sd}, expected numbers, the second above 0"
            )
        }
        _ => Ok(()),
    }
}

fn check_parts(target: &Target, own: &TargetModel, members: usize) -> Result<()> {
    let (column, width) = (&target.column, target.width());
    if own.bias.len() != width {
        bail!("target {column}: {} biases, expected {width}", own.bias.len());
    }
    if !own.conformal.fits(&target.kind) {
        bail!("target {column}: the held-out outputs do not match its classes");
    }
    let numbers = own.terms.iter().map(|term| term.weight).chain([own.network]);
    if numbers.clone().any(|weight| !(weight.is_finite() && weight >= 0.0)) {
        bail!("target {column}: a part's weight is not a finite number of at least 0");
    }
    if own.bias.iter().any(|bias| !bias.is_finite()) {
        bail!("target {column}: a bias is not a finite number");
    }
    if own.network > 0.0 && members == 0 {
        bail!("the network has a weight and no parameters");
    }
    for term in &own.terms {
        if term.part == Part::Network || term.tables.len() != width {
            let (name, n) = (&term.name, term.tables.len());
            bail!(
                "target {column}: {n} tables of {name}, expected {width} for a part other than the network"
            );
        }
        if term.tables.iter().flat_map(Table::parameters).any(|number| !number.is_finite()) {
            bail!("target {column}: a number of {} is not finite", term.name);
        }
    }
    Ok(())
}
