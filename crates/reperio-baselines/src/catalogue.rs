//! All methods by name.

use reperio_data::simulate::{InvalidSimulation, Oracle, SimulationConfig, Target};
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_model::features::clonotype_index::Identity;

use crate::depth_diversity::DepthDiversity;
use crate::gene_usage::GeneUsage;
use crate::kernel::Similarity;
use crate::kmer_logistic::KmerLogistic;
use crate::known_motif::KnownMotif;
use crate::method::Method;
use crate::mil::KmerMil;
use crate::neighbours::Neighbours;
use crate::networks::Network;
use crate::part_method::PartMethod;
use crate::svm::Svm;

/// What some methods need to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Configuration of Reperio's own network.
    pub config: Config,
    /// Updates of the published network; 100,000 as published.
    pub deeprc_updates: usize,
    /// Where the networks run.
    pub device: Device,
    /// How the cohort was simulated, if it was: without it no motif is known.
    pub simulation: Option<SimulationConfig>,
}

/// All methods, Reperio first; `known-motif` only where the cohort was simulated with a signal.
///
/// # Errors
///
/// If a motif of the simulation cannot be read.
pub fn methods(setup: &Setup) -> Result<Vec<Box<dyn Method>>, InvalidSimulation> {
    let Setup { config, deeprc_updates, device, simulation } = setup;
    let mut methods: Vec<Box<dyn Method>> = vec![
        Box::new(Network::reperio(config.clone(), device.clone())),
        Box::new(Network::alone(config.clone(), device.clone())),
        Box::new(Network::deeprc(*deeprc_updates, device.clone())),
        Box::new(KmerLogistic::three()),
        Box::new(KmerLogistic::four()),
        Box::new(KmerLogistic::gapped()),
        Box::new(Svm(Similarity::MinMax)),
        Box::new(Svm(Similarity::Jaccard)),
        Box::new(Neighbours(Similarity::MinMax)),
        Box::new(Neighbours(Similarity::Jaccard)),
        Box::new(PartMethod::burden()),
        Box::new(PartMethod::public(Identity::Clonotype)),
        Box::new(PartMethod::public(Identity::Junction)),
        Box::new(PartMethod::public(Identity::OneSubstitution)),
        Box::new(PartMethod::fisher_count()),
        Box::new(KmerMil),
        Box::new(GeneUsage),
        Box::new(DepthDiversity),
    ];
    if let Some(simulation) = simulation
        && Oracle::new(simulation)?.knows(Target::Label)
    {
        methods.push(Box::new(KnownMotif::new(simulation, Target::Label)?));
    }
    Ok(methods)
}

/// A name that is none of the methods, or stands twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("method {name:?}, expected each at most once of: {known}")]
pub struct UnknownMethod {
    /// The name.
    pub name: String,
    /// All names.
    pub known: String,
}

/// The methods of those names, in their order; all if there are none.
///
/// # Errors
///
/// If a name is unknown or stands twice.
pub fn choose(
    all: Vec<Box<dyn Method>>,
    names: &[String],
) -> Result<Vec<Box<dyn Method>>, UnknownMethod> {
    if names.is_empty() {
        return Ok(all);
    }
    let mut left: Vec<Option<Box<dyn Method>>> = all.into_iter().map(Some).collect();
    let known: Vec<&str> = left.iter().flatten().map(|method| method.name()).collect();
    let known = known.join(", ");
    let mut take = |name: &String| {
        let named = left.iter_mut().find(|one| one.as_ref().is_some_and(|one| one.name() == name));
        let method = named.and_then(Option::take);
        method.ok_or_else(|| UnknownMethod { name: name.clone(), known: known.clone() })
    };
    names.iter().map(&mut take).collect()
}
