//! What the network and each term say of a repertoire, feature by feature.

use reperio_data::repertoire::Repertoire;

use crate::model::Model;
use crate::parts::Table;

/// What each feature of a source adds to a logit, by its number, increasing; what is not listed adds nothing.
pub(crate) type Features = Vec<(u32, f64)>;

/// The network's name among the sources.
const NETWORK: &str = "network";

/// What makes up one output: the network, if it has a weight, then every term.
#[derive(Clone, Debug)]
pub(crate) struct Sources<'a> {
    /// What its totals (`Model::filter_totals`) are multiplied with.
    pub(crate) network: Option<f64>,
    /// Name, weight and table of each term.
    pub(crate) terms: Vec<(&'a str, f64, &'a Table)>,
    /// Clonotypes of the repertoire that k-mers are compared at.
    pub(crate) depth: f64,
}

impl<'a> Sources<'a> {
    /// Those of output `o` of target `t`.
    ///
    /// The totals of M members are multiplied with the root of M: their squared distances are then the mean of those of the members, each
    /// in the unit of a logit.
    pub(crate) fn of_model(model: &'a Model, t: usize, o: usize) -> Self {
        let target = &model.targets()[t];
        let network = (target.network > 0.0).then(|| (model.n_members() as f64).sqrt());
        let terms = target.terms.iter();
        let terms = terms.map(|term| (term.name.as_str(), term.weight, &term.tables[o])).collect();
        Self { network, terms, depth: depth(model) }
    }

    /// Names of the sources and of their features by number.
    pub(crate) fn names(&self, model: &Model) -> Vec<(String, Vec<(u32, String)>)> {
        let network =
            self.network.map(|_| (NETWORK.to_owned(), (0..).zip(totals(model)).collect()));
        let terms =
            self.terms.iter().map(|(name, _, table)| ((*name).to_owned(), table.features()));
        network.into_iter().chain(terms).collect()
    }

    /// What each source says of a repertoire; `totals` are those of the network for this output.
    pub(crate) fn features(&self, repertoire: &Repertoire, totals: &[f64]) -> Vec<Features> {
        let network = self
            .network
            .map(|scale| -> Features { (0..).zip(totals.iter().map(|own| scale * own)).collect() });
        let term = |(_, weight, table): &(&str, f64, &Table)| -> Features {
            let own = table.by_feature(repertoire, self.depth);
            own.into_iter().map(|(number, share)| (number, weight * share)).collect()
        };
        network.into_iter().chain(self.terms.iter().map(term)).collect()
    }
}

/// Clonotypes of the median training repertoire.
pub(crate) fn depth(model: &Model) -> f64 {
    model.info().population.clonotypes[1].max(1) as f64
}

/// Names of the totals of the network for one output, in their order.
fn totals(model: &Model) -> Vec<String> {
    let filters = model.filters();
    let filters = filters.iter().map(|own| format!("filter {}.{}", own.member, own.filter));
    filters.chain((1..=model.n_members()).map(|member| format!("genes {member}"))).collect()
}
