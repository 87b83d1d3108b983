//! What the logits of a repertoire are made of.

use super::ExplainError;
use crate::model::Explanation;
use crate::parts::Part;

/// Evidences and bias add up to the logit within this; more would be a fault of the program.
pub(super) const TOLERANCE: f64 = 1e-4;

/// What a logit is made of: the bias and the evidences of all clonotypes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// The logit.
    pub logit: f64,
    /// The bias.
    pub bias: f64,
    /// The evidences of all clonotypes together, and what the covariates add.
    pub evidence: f64,
    /// What each part has in it.
    pub parts: Vec<(Part, f64)>,
    /// What each part adds to the logit, in the order of `parts`: its evidence, and its own share of the bias.
    pub added: Vec<f64>,
}

impl Sum {
    /// How far bias and evidences together are from the logit.
    pub fn difference(&self) -> f64 {
        (self.logit - self.bias - self.evidence).abs()
    }
}

/// The sum behind each output.
pub(super) fn sums(explanation: &Explanation) -> Vec<Sum> {
    let Explanation { logits, bias, evidence, parts, part_bias, covariates, .. } = explanation;
    let total =
        |all: &[f64], output: usize| all.iter().skip(output).step_by(logits.len()).sum::<f64>();
    let beside = |output: usize| covariates.iter().map(|own| own.added[output]).sum::<f64>();
    let of_part = |part: Part, own: &[f64], output: usize| match part {
        Part::Covariates => beside(output),
        _ => total(own, output),
    };
    let sum = |output: usize| {
        let parts: Vec<(Part, f64)> =
            parts.iter().map(|(part, own)| (*part, of_part(*part, own, output))).collect();
        let added = parts.iter().zip(part_bias).map(|((_, own), bias)| own + bias[output]);
        Sum {
            logit: logits[output],
            bias: bias[output],
            evidence: total(evidence, output) + beside(output),
            added: added.collect(),
            parts,
        }
    };
    (0..logits.len()).map(sum).collect()
}

/// Refuses evidences and biases that do not add up to the logits of the repertoire `id`.
pub(super) fn check(id: &str, sums: &[Sum]) -> Result<(), ExplainError> {
    // A difference that is no number is refused too.
    match sums.iter().map(Sum::difference).find(|own| own.is_nan() || *own > TOLERANCE) {
        Some(difference) => Err(ExplainError::Sum { id: id.to_owned(), difference }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_do_not_add_up_are_refused() {
        let explanation = Explanation {
            logits: vec![3.0, 1.0],
            bias: vec![0.5, 0.25],
            evidence: vec![2.0, 0.5, 0.5, 0.25],
            parts: vec![(Part::Genes, vec![2.0, 0.5, 0.5, 0.25])],
            part_bias: vec![vec![0.25, -0.5]],
            ..Explanation::default()
        };
        let mut sums = sums(&explanation);
        let evidences: Vec<f64> = sums.iter().map(|sum| sum.evidence).collect();
        assert_eq!(evidences, [2.5, 0.75]);
        assert_eq!(sums[1].parts, [(Part::Genes, 0.75)]);
        assert_eq!((&sums[0].added[..], &sums[1].added[..]), (&[2.75][..], &[0.25][..]));
        assert!(check("r", &sums).is_ok());
        for logit in [1.001, f64::NAN] {
            sums[1].logit = logit;
            assert!(matches!(check("r", &sums), Err(ExplainError::Sum { .. })), "{logit}");
        }
    }
}
