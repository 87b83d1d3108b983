//! Configurations: what is valid is bounded, and is the same after it was written.

use std::sync::LazyLock;

use reperio_data::alphabet;
use reperio_data::generator::Generator;
use reperio_data::simulate::{self, Background, Clonotypes, SimulationConfig, Target};
use reperio_model::config::Config;

/// The configuration of a run.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = toml::from_str::<Config>(text) else { return };
    if config.validate().is_err() {
        return;
    }
    let written = toml::to_string(&config).expect("a valid configuration is a file");
    assert_eq!(toml::from_str::<Config>(&written).as_ref(), Ok(&config), "{written}");
    // A model holds it as JSON.
    let json = serde_json::to_string(&config).expect("a configuration is plain data");
    let read: Config = serde_json::from_str(&json).expect("what was written reads");
    assert_eq!(read, config, "{json}");
}

static GENERATOR: LazyLock<Generator> = LazyLock::new(Generator::human_trb);

/// The configuration of a simulation, and the simulation where it is a small one.
pub(crate) fn simulation(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = toml::from_str::<SimulationConfig>(text) else { return };
    if config.validate().is_err() || !is_small(&config) {
        return;
    }
    let Ok(made) = simulate::cohort(&config, Background::Generator(&GENERATOR)) else { return };
    assert_eq!(made.cohort.len(), config.repertoires);
    assert_eq!(made.cohort.metadata().len(), config.repertoires);
    let oracle = simulate::Oracle::new(&made.config).expect("the configuration of a simulation");
    for witness in &made.truth {
        let own = made.cohort.repertoires().iter().find(|own| own.id == witness.repertoire_id);
        let own = own.expect("a witness is in a repertoire of the cohort");
        let place = (0..own.len()).find(|&i| own.junction_aa(i) == witness.junction_aa);
        assert!(place.is_some(), "{witness:?} is not in its repertoire");
        let codes: Option<Vec<u8>> = witness.junction_aa.bytes().map(alphabet::code).collect();
        let codes = codes.expect("a junction is of amino acids");
        let _ = oracle.carries(Target::Label, &codes, &witness.v_call, &witness.j_call);
    }
    let written = toml::to_string(&made.config).expect("a configuration is a file");
    let read: SimulationConfig = toml::from_str(&written).expect("what was written reads");
    assert_eq!(read.validate(), Ok(()), "{written}");
    assert_eq!(read, made.config, "{written}");
}

/// Whether a simulation takes a moment only.
fn is_small(config: &SimulationConfig) -> bool {
    let few = match config.clonotypes {
        Clonotypes::Fixed(n) => n <= 60,
        Clonotypes::LogNormal { median, sd_ln } => median <= 20.0 && sd_ln <= 0.5,
    };
    few && config.repertoires <= 6
        && config.positive_depth <= 2.0
        && config.pools.values().sum::<usize>() <= 20
        // Public clonotypes are looked for in many repertoires, which takes seconds.
        && config.pools.keys().eq(config.pool_clonotypes.keys())
}
