//! What every method on 4-mers must do with a cohort that holds a known motif, or none.

use rayon::ThreadPoolBuilder;
use reperio_data::generator::Generator;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{
    Background, Clonotypes, Position, Signal, SimulationConfig, Target, cohort,
};
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_stats::{Groups, metrics};

use crate::method::{Fitted, Method};

/// A simulated cohort; even places are learned from, odd ones are held out.
pub(crate) struct Planted {
    repertoires: Vec<Repertoire>,
    labels: Vec<bool>,
}

impl Planted {
    /// Half of `repertoires` repertoires of `clonotypes` clonotypes carry LDR in `rate` of them.
    pub(crate) fn new(repertoires: usize, clonotypes: usize, rate: f64, seed: u64) -> Self {
        let signal = Signal {
            name: "ldr".to_owned(),
            motifs: vec!["LDR".to_owned()],
            witness_rate: rate,
            witness_number: None,
            position: Position { min: 6, ..Position::default() },
            count_boost: 1.0,
            share_of_positives: 1.0,
            share_of_negatives: 0.0,
            target: Target::Label,
        };
        let config = SimulationConfig {
            repertoires,
            clonotypes: Clonotypes::Fixed(clonotypes),
            seed,
            gene_variation: false,
            signals: vec![signal],
            ..SimulationConfig::default()
        };
        let simulation = cohort(&config, Background::Generator(&Generator::human_trb())).unwrap();
        let metadata = simulation.cohort.metadata();
        let label = metadata.column("label").unwrap();
        let labels = label.iter().map(|label| label.as_deref() == Some("1")).collect();
        Self { repertoires: simulation.cohort.into_repertoires(), labels }
    }

    /// AUC of the held-out repertoires, and what was fitted to the others with `labels`.
    pub(crate) fn run(&self, method: &dyn Method, labels: &[bool]) -> (f64, Box<dyn Fitted>) {
        let views: Vec<&Repertoire> = self.repertoires.iter().collect();
        let groups = Groups::each(views.len());
        let cache = FeatureCache::new(&views, &groups);
        let [learned, held] =
            [0, 1].map(|first| (first..views.len()).step_by(2).collect::<Vec<_>>());
        let own = |members: &[usize]| members.iter().map(|&i| labels[i]).collect::<Vec<bool>>();
        let part =
            TrainingPart { cache: &cache, members: &learned, labels: &own(&learned), seed: 3 };
        let fitted = method.fit(part, &Silent).unwrap();
        let logits = fitted.logits(&cache, &held);
        (metrics::auc(&logits, &own(&held)).unwrap(), fitted)
    }

    pub(crate) fn labels(&self) -> &[bool] {
        &self.labels
    }

    pub(crate) fn repertoires(&self) -> &[Repertoire] {
        &self.repertoires
    }
}

/// A motif in `rate` of the clonotypes is found, labels that mean nothing are not learned, and the number
/// of threads changes no number.
pub(crate) fn check(method: &dyn Method, rate: f64, least: f64) {
    let planted = Planted::new(80, 300, rate, 5);
    let threads = |n: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| planted.run(method, planted.labels()))
    };
    let ((auc, fitted), (_, alone)) = (threads(2), threads(1));
    assert!(auc >= least, "{}: AUC {auc}, {}", method.name(), fitted.choices());
    assert_eq!(fitted.parameters(), alone.parameters(), "{}", method.name());
    // An odd stride permutes the learned and the held-out labels apart. One permutation may match by chance.
    let n = planted.labels().len();
    let permuted = |stride: usize| -> Vec<bool> {
        (0..n).map(|i| planted.labels()[(i * stride + stride) % n]).collect()
    };
    let aucs: Vec<f64> =
        [3, 7, 9, 11, 13, 17].map(|stride| planted.run(method, &permuted(stride)).0).to_vec();
    let mean = aucs.iter().sum::<f64>() / aucs.len() as f64;
    assert!((0.35..0.65).contains(&mean), "{}: {aucs:?} on permuted labels", method.name());
}
