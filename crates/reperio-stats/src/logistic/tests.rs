//! The solvers beside scikit-learn, on the same matrices.

use serde::Deserialize;

use super::{Answers, Design, Linear, Penalty, Table, path};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    columns: usize,
    quarters: Vec<f32>,
    labels: Vec<u8>,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    penalty: String,
    c: f64,
    weights: Vec<f64>,
    intercept: f64,
}

impl Case {
    fn table(&self) -> Table {
        Table::new(self.columns, self.quarters.iter().map(|quarter| quarter / 4.0).collect())
    }

    fn labels(&self) -> Vec<bool> {
        self.labels.iter().map(|&label| label == 1).collect()
    }
}

/// Made by `tests/fixtures/logistic.py`.
fn cases() -> Vec<Case> {
    let text = include_str!("../../tests/fixtures/logistic.json");
    serde_json::from_str::<Fixture>(text).expect("a fixture").cases
}

const PENALTIES: [(&str, Penalty); 2] = [("l1", Penalty::L1), ("l2", Penalty::L2)];

#[test]
fn weights_and_decision_values_are_scikit_learns() {
    for case in cases() {
        let (table, labels) = (case.table(), case.labels());
        let rows: Vec<usize> = (0..labels.len()).collect();
        let design = Design::plain(&table, rows.clone());
        for (name, penalty) in PENALTIES {
            let models: Vec<&Model> =
                case.models.iter().filter(|own| own.penalty == name).collect();
            let cs: Vec<f64> = models.iter().map(|model| model.c).collect();
            assert_eq!(cs.len(), 4);
            for (found, model) in path(&design, &labels, penalty, &cs).iter().zip(models) {
                let at = format!("{}, {name}, C {}", case.name, model.c);
                let expected =
                    Linear { weights: model.weights.clone(), intercept: model.intercept };
                for (found, expected) in found.weights.iter().zip(&expected.weights) {
                    assert!((found - expected).abs() < 1e-4, "{at}: weight {found} != {expected}");
                }
                let logits = found.logits(&table, &rows).into_iter();
                for (found, expected) in logits.zip(expected.logits(&table, &rows)) {
                    assert!((found - expected).abs() < 1e-3, "{at}: {found} != {expected}");
                }
            }
        }
    }
}

/// At the solution the slope by each standardised weight is what the penalty's is: w for L2; for L1 the sign of w,
/// and at most 1 where w is 0.
#[test]
fn slopes_of_loss_and_penalty_cancel_out() {
    for case in cases() {
        let (table, labels) = (case.table(), case.labels());
        let rows: Vec<usize> = (0..labels.len()).collect();
        let design = Design::standardised(&table, rows.clone());
        let (n, p) = (rows.len() as f64, case.columns);
        for (name, penalty) in PENALTIES {
            for c in [0.02, 0.5, 20.0] {
                let linear = path(&design, &labels, penalty, &[c]).remove(0);
                let residual = |(logit, &label): (f64, &bool)| {
                    c * (f64::from(u8::from(label)) - 1.0 / (1.0 + (-logit).exp()))
                };
                let logits = linear.logits(&table, &rows).into_iter();
                let residuals: Vec<f64> = logits.zip(&labels).map(residual).collect();
                let at = format!("{}, {name}, C {c}", case.name);
                let least = 2e-5 * c.max(1.0);
                let sum: f64 = residuals.iter().sum();
                assert!(sum.abs() < least, "{at}: intercept {sum}");
                for j in 0..p {
                    let x: Vec<f64> = rows.iter().map(|&i| f64::from(table.row(i)[j])).collect();
                    let mean = x.iter().sum::<f64>() / n;
                    let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
                    let terms = x.iter().zip(&residuals).map(|(x, r)| (x - mean) / sd * r);
                    let (slope, weight) = (terms.sum::<f64>(), linear.weights[j] * sd);
                    let off = match penalty {
                        Penalty::L2 => slope - weight,
                        Penalty::L1 if weight == 0.0 => (slope.abs() - 1.0).max(0.0),
                        Penalty::L1 => slope - weight.signum(),
                    };
                    assert!(off.abs() < least, "{at}: column {j} {slope} {weight}");
                }
            }
        }
    }
}

/// Offsets that are a column times a weight stand for that column: what is left to learn of it is the rest of the weight,
/// which no penalty holds back where C is large. And at the solution slopes cancel out as without offsets.
#[test]
fn offsets_leave_the_rest_to_learn() {
    let case = cases().remove(0);
    let (table, labels) = (case.table(), case.labels());
    let rows: Vec<usize> = (0..labels.len()).collect();
    let design = Design::standardised(&table, rows.clone());
    let offsets: Vec<f64> = design.column(0).iter().map(|z| 0.7 * z - 0.4).collect();
    for (_, penalty) in PENALTIES {
        let alone = path(&design, &labels, penalty, &[0.5]).remove(0);
        let beside = path(&design, Answers::beside(&labels, &offsets), penalty, &[0.5]).remove(0);
        assert!(beside.weights[0] < alone.weights[0] - 1e-3, "{penalty:?}");
        let residual = |((logit, offset), &label): ((f64, &f64), &bool)| {
            0.5 * (f64::from(u8::from(label)) - 1.0 / (1.0 + (-logit - offset).exp()))
        };
        let logits = beside.logits(&table, &rows).into_iter();
        let residuals: Vec<f64> = logits.zip(&offsets).zip(&labels).map(residual).collect();
        assert!(residuals.iter().sum::<f64>().abs() < 1e-6);
        let slope: f64 = design.column(0).iter().zip(&residuals).map(|(z, r)| z * r).sum();
        let sd = {
            let x: Vec<f64> = rows.iter().map(|&i| f64::from(table.row(i)[0])).collect();
            crate::moments::mean_and_sd(&x).1
        };
        let weight = beside.weights[0];
        match penalty {
            Penalty::L2 => assert!((slope / weight / sd - 1.0).abs() < 0.05, "{slope} {weight}"),
            Penalty::L1 if weight == 0.0 => assert!(slope.abs() <= 1.0 + 1e-6),
            Penalty::L1 => assert!((slope - weight.signum()).abs() < 1e-6, "{slope}"),
        }
    }
}

/// A solution is the same whether it is reached along a path or at once.
#[test]
fn a_warm_start_changes_nothing_but_the_time() {
    let case = cases().remove(0);
    let (table, labels) = (case.table(), case.labels());
    let design = Design::standardised(&table, (0..labels.len()).collect());
    for (_, penalty) in PENALTIES {
        let along = path(&design, &labels, penalty, &[0.05, 0.3, 2.0, 9.0]);
        let at_once = path(&design, &labels, penalty, &[9.0]);
        for (a, b) in along[3].weights.iter().zip(&at_once[0].weights) {
            assert!((a - b).abs() < 1e-6, "{a} != {b}");
        }
    }
}
