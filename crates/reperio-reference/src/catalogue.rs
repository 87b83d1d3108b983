//! All methods by name.

use reperio_data::simulate::SimulationConfig;
use reperio_model::bag::Device;
use reperio_model::config::Config;

use crate::method::Method;
use crate::networks::Network;

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
pub fn methods(setup: &Setup) -> Vec<Box<dyn Method>> {
    let Setup { config, deeprc_updates, device, .. } = setup;
    vec![
        Box::new(Network::reperio(config.clone(), device.clone())),
        Box::new(Network::deeprc(*deeprc_updates, device.clone())),
    ]
}
