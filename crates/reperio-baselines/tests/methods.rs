//! What holds for every method of the catalogue.

use std::convert::Infallible;

use reperio_baselines::catalogue::{self, Setup};
use reperio_baselines::compare::{
    self, Comparison, Cost, Entry, FoldStore, Key, Outcome, RepeatLabels,
};
use reperio_baselines::method::Method;
use reperio_data::generator::Generator;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{self, Background, SimulationConfig};
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_stats::Groups;
use reperio_stats::metrics::delong;

/// Keeps nothing, measures nothing.
struct Nothing;

impl FoldStore for Nothing {
    type Error = Infallible;

    fn recall(&mut self, _: &Key) -> Result<Option<Outcome>, Infallible> {
        Ok(None)
    }

    fn keep(&mut self, _: &Outcome) -> Result<(), Infallible> {
        Ok(())
    }

    fn start(&mut self) {}

    fn stop(&mut self) -> Cost {
        Cost::default()
    }
}

struct Case {
    repertoires: Vec<Repertoire>,
    labels: Vec<bool>,
    groups: Groups,
    methods: Vec<Box<dyn Method>>,
}

impl Case {
    /// A simulated cohort, with networks that train for an epoch or two.
    fn new(simulation: &str) -> Self {
        let simulation: SimulationConfig = toml::from_str(simulation).expect("a simulation");
        let generator = Generator::human_trb();
        let made = simulate::cohort(&simulation, Background::Generator(&generator));
        let cohort = made.expect("a cohort").cohort;
        let column = cohort.metadata().column("label").expect("labels");
        let labels = column.iter().map(|label| label.as_deref() == Some("1")).collect();
        let mut config = Config::default();
        config.training.epochs = 2;
        config.training.members = 2;
        let device = Device::Cpu;
        let setup = Setup { config, deeprc_updates: 8, device, simulation: Some(simulation) };
        let groups = Groups::of(cohort.metadata().ids());
        let methods = catalogue::methods(&setup).expect("a valid simulation");
        Self { repertoires: cohort.into_repertoires(), labels, groups, methods }
    }

    /// Every method in every one of `folds`.
    fn run(&self, labels: &[bool], folds: &[usize]) -> Vec<Outcome> {
        let repertoires: Vec<&Repertoire> = self.repertoires.iter().collect();
        let labels = RepeatLabels { given: labels.to_vec(), permuted: labels.to_vec() };
        let comparison = Comparison {
            repertoires: &repertoires,
            groups: &self.groups,
            labels: vec![labels],
            folds: vec![folds.to_vec()],
            truth: None,
            seed: 0,
        };
        let entries: Vec<Entry<'_>> =
            self.methods.iter().map(|own| Entry { method: &**own, permuted: false }).collect();
        compare::run(&comparison, &entries, &mut Nothing, &Silent).expect("every method fits")
    }
}

/// A signal that everybody who looks can learn.
const SIGNAL: &str = "
repertoires = 48
clonotypes = 400
[[signals]]
name = 'planted'
motifs = ['WNDR']
witness_rate = 0.05
position = { min = 4, from_end = 2 }
";

#[test]
fn labels_of_a_held_out_fold_change_nothing_that_is_learned_for_it() {
    let case = Case::new(SIGNAL);
    let folds: Vec<usize> = (0..case.labels.len()).map(|i| i / 2 % 2).collect();
    let flipped: Vec<bool> =
        case.labels.iter().zip(&folds).map(|(&label, &fold)| label ^ (fold == 0)).collect();
    let (before, after) = (case.run(&case.labels, &folds), case.run(&flipped, &folds));
    let mut learned_otherwise = 0;
    for (before, after) in before.iter().zip(&after) {
        if before.fold == 0 {
            assert_eq!(before, after, "{}", before.method);
        } else {
            learned_otherwise += usize::from(before.learned != after.learned);
        }
    }
    // The other fold did learn from the flipped labels: the test can fail.
    assert_eq!(learned_otherwise, case.methods.len());
}

#[test]
fn no_signal_is_not_found() {
    let case = Case::new("repertoires = 80\nclonotypes = 400\nseed = 5");
    let folds: Vec<usize> = (0..case.labels.len()).map(|i| i % 4).collect();
    let outcomes = case.run(&case.labels, &folds);
    for method in &case.methods {
        let own = outcomes.iter().filter(|outcome| outcome.method == method.name());
        let (logits, labels): (Vec<f64>, Vec<bool>) = own
            .flat_map(|outcome| outcome.held.iter().zip(&outcome.logits))
            .map(|(&i, &logit)| (logit, case.labels[i]))
            .unzip();
        let delong = delong(&logits, &labels).expect("both classes");
        // 99.5 % interval on the logit scale.
        let auc = delong.auc;
        let half = 2.807_034 * delong.standard_error / (auc * (1.0 - auc));
        let centre = (auc / (1.0 - auc)).ln();
        assert!(centre.abs() <= half, "{}: AUC {auc}", method.name());
    }
}

#[test]
fn names_are_distinct_and_in_kebab_case() {
    let case = Case::new("repertoires = 2\nclonotypes = 5");
    let mut names: Vec<&str> = case.methods.iter().map(|method| method.name()).collect();
    let kebab = |name: &&str| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
    };
    assert!(names.iter().all(kebab), "{names:?}");
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
}
