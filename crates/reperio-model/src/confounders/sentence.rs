//! What follows for a target, in a sentence.

use super::{Confounder, Confounders};

impl Confounders {
    /// What follows from the sources, in a sentence.
    pub fn sentence(&self) -> String {
        let column = &self.column;
        if self.sources.is_empty() {
            return format!("{column}: too few labelled repertoires to see what predicts it.");
        }
        let strong: Vec<String> = self.strong().map(Confounder::alone).collect();
        if strong.is_empty() {
            return format!("No source without sequences predicts {column} well.");
        }
        let is_number = self.sources.iter().all(|source| source.auc.is_none());
        let who = if is_number { "all repertoires" } else { "the classes" };
        format!(
            "{column} can be predicted from {}: check whether {who} were sequenced alike.",
            strong.join(" and from ")
        )
    }

    /// The sources that predict the target well, and not by chance.
    pub fn strong(&self) -> impl Iterator<Item = &Confounder> {
        self.sources.iter().filter(|source| source.confounds)
    }

    /// Tells the log what follows: a warning if a source confounds.
    pub fn log(&self) {
        if self.strong().next().is_some() {
            tracing::warn!("{}", self.sentence());
        } else {
            tracing::info!("{}", self.sentence());
        }
    }
}

impl Confounder {
    /// "depth alone (AUC 0.987)".
    pub fn alone(&self) -> String {
        let name = if self.auc.is_some() { "AUC" } else { "R2" };
        let value = self.auc.or(self.r2);
        let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        format!("{} alone ({name} {value})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SourceKind;
    use super::*;
    use insta::assert_snapshot;

    fn source(name: &str, auc: Option<f64>, confounds: bool) -> Confounder {
        let (kind, name) = (SourceKind::Genes, name.to_owned());
        let r2 = auc.is_none().then_some(0.4567);
        Confounder { kind, name, repertoires: 9, auc, r2, p_value: Some(0.001), confounds }
    }

    fn check(sources: Vec<Confounder>) -> String {
        Confounders { column: "status".to_owned(), sources }.sentence()
    }

    #[test]
    fn the_sentence_names_what_confounds_and_nothing_else() {
        assert_snapshot!(check(vec![]), @"status: too few labelled repertoires to see what predicts it.");
        assert_snapshot!(check(vec![source("depth", Some(0.7), false)]), @"No source without sequences predicts status well.");
        assert_snapshot!(check(vec![source("V/J usage", None, true)]), @"status can be predicted from V/J usage alone (R2 0.457): check whether all repertoires were sequenced alike.");
        assert_snapshot!(check(vec![source("depth", Some(0.7), false), source("V/J usage", Some(1.0), true), source("age", None, true)]), @"status can be predicted from V/J usage alone (AUC 1.000) and from age alone (R2 0.457): check whether the classes were sequenced alike.");
    }
}
