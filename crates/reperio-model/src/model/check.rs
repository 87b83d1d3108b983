//! Checks that the numbers of a model's description are consistent, before anything is computed with them.

use std::collections::BTreeSet;

use candle_core::{Result, bail};
use reperio_data::repertoire::GeneVocabulary;

use super::{ModelInfo, TargetModel};
use crate::labels::{Target, TargetKind};
use crate::parts::{Part, Table};

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
        check_covariates(info, own)?;
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

pub(crate) fn check_genes(genes: &GeneVocabulary) -> Result<()> {
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

fn check_covariates(info: &ModelInfo, own: &TargetModel) -> Result<()> {
    let known = &info.covariates;
    for table in own.terms.iter().flat_map(|term| &term.tables) {
        let fits = match table {
            Table::Covariates(table) => {
                let mut all = table.effects.iter().zip(known);
                table.effects.len() == known.len() && all.all(|(own, known)| own.fits(known))
            }
            Table::Memory(table) => table.fits(known),
            _ => true,
        };
        if !fits {
            bail!("a part of covariates that are not the {} of the model", known.len());
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combine::Conformal;
    use crate::model::Term;
    use crate::parts::DepthTable;

    /// What an error says; nothing if there is none.
    fn said(result: Result<()>) -> String {
        result.err().map_or_else(String::new, |err| err.to_string())
    }

    fn binary() -> Target {
        let kind =
            TargetKind::Binary { positive: "case".to_owned(), negative: "control".to_owned() };
        Target { column: "status".to_owned(), kind }
    }

    /// A target of the network and a part, with one number to break.
    fn own(network: f64, bias: f64, weight: f64, table: f64) -> TargetModel {
        let tables = vec![Table::Depth(DepthTable { clonotypes: table, copies: 0.0, bias: 0.0 })];
        let term = Term { part: Part::Depth, name: "depth".to_owned(), weight, tables };
        let conformal = Conformal::default();
        TargetModel { network, bias: vec![bias], terms: vec![term], conformal }
    }

    #[test]
    fn numbers_of_the_parts_are_finite_and_weights_not_negative() {
        assert_eq!(said(check_parts(&binary(), &own(0.5, -1.0, 0.5, -2.0), 1)), "");
        for (network, weight) in [(-0.5, 0.5), (f64::NAN, 0.5), (0.5, -0.5), (0.5, f64::INFINITY)] {
            let text = said(check_parts(&binary(), &own(network, 0.0, weight, 0.0), 1));
            assert!(text.starts_with("target status: a part's weight is not a finite"), "{text}");
        }
        let text = said(check_parts(&binary(), &own(0.5, f64::NAN, 0.5, 0.0), 1));
        assert!(text.starts_with("target status: a bias is not a finite"), "{text}");
        let text = said(check_parts(&binary(), &own(0.5, 0.0, 0.5, f64::NAN), 1));
        assert!(text.starts_with("target status: a number of depth is not finite"), "{text}");
        let text = said(check_parts(&binary(), &own(0.5, 0.0, 0.5, 0.0), 0));
        assert!(text.starts_with("the network has a weight and no parameters"), "{text}");
    }

    #[test]
    fn a_target_has_a_bias_a_table_and_a_list_for_each_of_its_outputs() {
        let mut two = own(0.5, 0.0, 0.5, 0.0);
        two.bias.push(0.0);
        let text = said(check_parts(&binary(), &two, 1));
        assert!(text.starts_with("target status: 2 biases, expected 1"), "{text}");
        let mut none = own(0.5, 0.0, 0.5, 0.0);
        none.terms[0].tables.clear();
        let text = said(check_parts(&binary(), &none, 1));
        assert!(text.starts_with("target status: 0 tables of depth, expected 1"), "{text}");
        let mut number = own(0.5, 0.0, 0.5, 0.0);
        let kind = TargetKind::Regression { mean: 0.0, sd: 1.0 };
        number.conformal = Conformal::new(&kind, &[vec![0.5]], &[0.0]);
        let text = said(check_parts(&binary(), &number, 1));
        assert!(text.starts_with("target status: the held-out outputs do not"), "{text}");
    }

    #[test]
    fn kinds_that_tell_nothing_apart_are_refused() {
        let check = |kind| said(check_kind(&Target { column: "x".to_owned(), kind }));
        let classes = |names: &[&str]| TargetKind::Classes {
            classes: names.iter().map(|&n| n.into()).collect(),
        };
        assert_eq!(check(binary().kind) + &check(classes(&["a", "b"])), "");
        assert_eq!(check(TargetKind::Regression { mean: -3.0, sd: 2.0 }), "");
        let (positive, negative) = ("a".to_owned(), "a".to_owned());
        assert!(check(TargetKind::Binary { positive, negative }).contains("against itself"));
        for names in [&["a"][..], &["b", "a"], &["a", "a"]] {
            assert!(check(classes(names)).contains("expected at least two, sorted"), "{names:?}");
        }
        for (mean, sd) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::INFINITY)] {
            let text = check(TargetKind::Regression { mean, sd });
            assert!(text.contains("the second above 0"), "{text}");
        }
    }

    #[test]
    fn genes_are_sorted_and_the_unknown_one_is_first() {
        let check = |v: &[&str]| {
            let v = v.iter().map(|&name| name.to_owned()).collect();
            said(check_genes(&GeneVocabulary { v, ..GeneVocabulary::default() }))
        };
        assert_eq!(check(&["", "TRBV28", "TRBV9"]), "");
        for names in [&[][..], &["TRBV9"], &["", "TRBV9", "TRBV28"], &["", "TRBV9", "TRBV9"]] {
            assert!(check(names).contains("expected distinct sorted names"), "{names:?}");
        }
    }
}
