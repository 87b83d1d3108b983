//! The weights of a model's parts and what they found, as text for the user.

use reperio_model::train::{OutOfFold, TermReport};

use crate::shell::output::{align, row};

/// K-mers and clonotypes that are named for each term.
const NAMED: usize = 5;

/// The terms of one target with their weights, and the held-out results of the model.
pub(crate) fn lines(terms: &[TermReport], held_out: &OutOfFold) -> Vec<String> {
    let mut lines = vec![String::new()];
    if !terms.is_empty() {
        let mut rows = vec![row([&"term", &"part", &"alone", &"weight", &"reach"])];
        let mut strongest = Vec::new();
        for term in terms {
            let alone = term.auc.or(term.r2).map_or_else(String::new, |own| format!("{own:.3}"));
            let (weight, reach) = if term.weight > 0.0 {
                (format!("{:.3}", term.weight), format!("{:.2}", term.reach))
            } else {
                ("-".to_owned(), "-".to_owned())
            };
            let found = term.found.first().map_or(&[][..], Vec::as_slice);
            let named: Vec<&str> =
                found.iter().take(NAMED).map(|finding| finding.what.as_str()).collect();
            if term.weight > 0.0 && !named.is_empty() {
                strongest.push(format!("Strongest in {}: {}", term.name, named.join(", ")));
            }
            rows.push(row([&term.name, &term.part.name(), &alone, &weight, &reach]));
        }
        lines.extend(align(&rows));
        lines.extend(strongest);
    }
    lines.extend(verdict(held_out));
    lines
}

/// The held-out figures in a line, and a sentence where they are no better than chance.
fn verdict(held_out: &OutOfFold) -> Vec<String> {
    let OutOfFold { column, folds, auc, auc_ci, r2, p_value, loss, shares_loss, .. } = held_out;
    let (Some(loss), Some(shares)) = (loss, shares_loss) else {
        return vec![format!(
            "{column}: no held-out estimate; `reperio evaluate` measures how good the model is"
        )];
    };
    let mut figures = Vec::new();
    if let Some(auc) = auc {
        let ci = auc_ci.map_or_else(String::new, |[low, high]| format!(" ({low:.3} to {high:.3})"));
        figures.push(format!("AUC {auc:.3}{ci}"));
        figures.push(format!("log loss {loss:.3} (class shares {shares:.3})"));
    } else if let Some(r2) = r2 {
        figures.push(format!("R2 {r2:.3}"));
    }
    if let Some(p) = p_value {
        figures.push(format!("P {p:.3}"));
    }
    let text = format!("{column}, held out by {folds} inner folds: {}", figures.join(", "));
    let mut lines = vec![text];
    if !held_out.beats_shares {
        lines.push(format!(
            "No signal found for {column}: the model predicts no better than the class shares, and its probabilities stay close to them"
        ));
    }
    lines
}
