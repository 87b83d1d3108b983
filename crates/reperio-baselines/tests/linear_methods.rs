//! The linear methods on planted and permuted cohorts; `shared.rs` has a real one.

mod linear_case;

use linear_case::Case;
use reperio_data::generator::Generator;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{self, Background};
use reperio_model::features::{FeatureCache, TrainingPart};

use reperio_baselines::depth_diversity::DepthDiversity;
use reperio_baselines::gene_usage::GeneUsage;
use reperio_baselines::kmer_logistic::KmerLogistic;
use reperio_baselines::method::Method;
use reperio_stats::Groups;
use reperio_stats::metrics::auc;

impl Case {
    fn simulated(text: &str) -> Self {
        let config = toml::from_str(text).expect("a simulation");
        let generator = Generator::human_trb();
        let made = simulate::cohort(&config, Background::Generator(&generator)).expect("a cohort");
        let column = made.cohort.metadata().column("label").expect("labels");
        let labels = column.iter().map(|label| label.as_deref() == Some("1")).collect();
        let groups = Groups::of(made.cohort.metadata().ids());
        Self { repertoires: made.cohort.into_repertoires(), labels, groups }
    }

    /// Every positive repertoire without the clonotypes that `lost` names.
    fn without(mut self, lost: impl Fn(&Repertoire, usize) -> bool) -> Self {
        for (own, _) in self.repertoires.iter_mut().zip(&self.labels).filter(|(_, label)| **label) {
            let kept: Vec<usize> = (0..own.len()).filter(|&i| !lost(own, i)).collect();
            let counts: Vec<u64> = kept.iter().map(|&i| own.counts()[i]).collect();
            *own = own.select(&kept, &counts);
        }
        self
    }

    /// The labels of other repertoires: as many of each class, unrelated to what was planted.
    fn permuted(mut self) -> Self {
        // Every second positive and negative: a signal in the old positives is in half of either class.
        let mut seen = [0_usize; 2];
        for label in &mut self.labels {
            let seen = &mut seen[usize::from(*label)];
            *seen += 1;
            *label = *seen % 2 == 0;
        }
        self
    }
}

/// A motif of 3, 4 and gapped 3-mers in 2 % of the sequences of the positives.
fn motif() -> Case {
    let signal = "[[signals]]\nname = 'a'\nmotifs = ['WNDR']\nwitness_rate = 0.02\nposition = { min = 4, from_end = 2 }";
    Case::simulated(&format!("repertoires = 60\nclonotypes = 800\nseed = 3\n{signal}"))
}

fn plain() -> Case {
    Case::simulated("repertoires = 60\nclonotypes = 800\nseed = 4")
}

/// Positives lost nine in ten clonotypes of one common V gene.
fn without_gene() -> Case {
    plain().without(|own, i| own.v_call(i) == "TRBV20-1" && i % 10 > 0)
}

/// Positives lost every second clonotype.
fn shallow() -> Case {
    plain().without(|_, i| i % 2 == 0)
}

type Planted = (Box<dyn Method>, fn() -> Case);

/// Each method with a cohort whose signal it can see.
fn planted() -> Vec<Planted> {
    vec![
        (Box::new(KmerLogistic::three()), motif),
        (Box::new(KmerLogistic::three().with_anchors()), motif),
        (Box::new(KmerLogistic::four()), motif),
        (Box::new(KmerLogistic::gapped()), motif),
        (Box::new(GeneUsage), without_gene),
        (Box::new(DepthDiversity), shallow),
    ]
}

#[test]
fn a_planted_signal_is_learned() {
    for (method, case) in planted() {
        let (auc, choices) = case().held_out_auc(&*method, 3, 0);
        assert!(auc >= 0.97, "{}: AUC {auc}, {choices:?}", method.name());
    }
}

#[test]
fn permuted_labels_are_not_learned() {
    for (method, case) in planted() {
        let case = case().permuted();
        let aucs: Vec<f64> = (0..3).map(|seed| case.held_out_auc(&*method, 3, seed).0).collect();
        let mean = aucs.iter().sum::<f64>() / 3.0;
        assert!((mean - 0.5).abs() < 0.17, "{}: AUC {aucs:?}", method.name());
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (method, case) in planted() {
        let case = case();
        let learned = |threads| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let views: Vec<&Repertoire> = case.repertoires.iter().collect();
                let cache = FeatureCache::new(&views, &case.groups);
                let members: Vec<usize> = (0..views.len()).filter(|i| i % 4 > 0).collect();
                let bits =
                    |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
                let fitted = case.fit(&*method, &cache, &members);
                let all: Vec<usize> = (0..views.len()).collect();
                (bits(fitted.parameters()), bits(fitted.logits(&cache, &all)), fitted.choices())
            })
        };
        assert!(learned(1) == learned(2), "{}", method.name());
    }
}

/// Evidences and one bias are the logit; those that carry the planted motif come first.
#[test]
fn evidences_add_up_to_the_logit() {
    for (method, case) in planted().into_iter().take(5) {
        let case = case();
        let views: Vec<&Repertoire> = case.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &case.groups);
        let all: Vec<usize> = (0..views.len()).collect();
        let fitted = case.fit(&*method, &cache, &all);
        let evidences: Vec<Vec<f64>> =
            views.iter().map(|own| fitted.evidence(own).expect("evidence")).collect();
        let bias = |(logit, evidence): (&f64, &Vec<f64>)| logit - evidence.iter().sum::<f64>();
        let biases: Vec<f64> =
            fitted.logits(&cache, &all).iter().zip(&evidences).map(bias).collect();
        for bias in &biases {
            assert!((bias - biases[0]).abs() < 1e-3, "{}: {bias} != {}", method.name(), biases[0]);
        }
        assert!(evidences.iter().flatten().any(|&evidence| evidence != 0.0));
    }
}

#[test]
fn clonotypes_with_the_planted_motif_have_the_most_evidence() {
    let case = motif();
    for method in [KmerLogistic::three(), KmerLogistic::four(), KmerLogistic::gapped()] {
        let views: Vec<&Repertoire> = case.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &case.groups);
        let fitted = case.fit(&method, &cache, &(0..views.len()).collect::<Vec<_>>());
        let at = case.labels.iter().position(|&label| label).expect("a positive");
        let carries: Vec<bool> =
            (0..views[at].len()).map(|i| views[at].junction_aa(i).contains("WNDR")).collect();
        let evidence = fitted.evidence(views[at]).expect("evidence");
        let auc = auc(&evidence, &carries).expect("witnesses");
        assert!(auc > 0.95, "{}: {auc}", method.name());
    }
}

#[test]
fn too_few_repertoires_are_an_error() {
    let case = plain();
    let views: Vec<&Repertoire> = case.repertoires.iter().collect();
    let cache = FeatureCache::new(&views, &case.groups);
    let (members, labels) = ([0, 1, 2, 3], [true, false, false, false]);
    let part = TrainingPart { cache: &cache, members: &members, labels: &labels, seed: 1 };
    for (method, _) in planted() {
        let error = method.fit(part, &Silent).err().expect("an error").to_string();
        assert!(error.starts_with("1 positive and 3 negative repertoires"), "{error}");
    }
}
