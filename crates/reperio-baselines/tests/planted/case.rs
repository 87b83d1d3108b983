//! A labelled cohort in memory, and how well a method tells its classes apart.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use reperio_data::generator::Generator;
use reperio_data::junction::JunctionAa;
use reperio_data::progress::Silent;
use reperio_data::repertoire::{Builder, Repertoire, Row};
use reperio_data::simulate::{self, Background, SimulationConfig};
use reperio_model::features::{FeatureCache, TrainingPart};
use reperio_stats::{Groups, metrics};

use reperio_baselines::method::{Fitted, Method};

/// Repertoires of as many subjects with their labels.
pub(crate) struct Case {
    pub(crate) repertoires: Vec<Repertoire>,
    pub(crate) labels: Vec<bool>,
}

impl Case {
    /// The cohort of `config` over generated human TRB repertoires.
    pub(crate) fn simulated(config: &SimulationConfig) -> Self {
        let generator = Generator::human_trb();
        let made = simulate::cohort(config, Background::Generator(&generator));
        let cohort = made.expect("a cohort").cohort;
        let column = cohort.metadata().column("label").expect("labels");
        let labels = column.iter().map(|label| label.as_deref() == Some("1")).collect();
        Self { repertoires: cohort.into_repertoires(), labels }
    }

    /// With `rows(i)` added to repertoire i.
    pub(crate) fn with(
        mut self,
        rows: impl Fn(usize, bool) -> Vec<(String, &'static str)>,
    ) -> Self {
        for (i, repertoire) in self.repertoires.iter_mut().enumerate() {
            let mut builder = Builder::default();
            for row in 0..repertoire.len() {
                builder.push(Row {
                    junction_aa: JunctionAa::new(&repertoire.junction_aa(row))
                        .expect("amino acids"),
                    v_call: repertoire.v_call(row),
                    j_call: repertoire.j_call(row),
                    duplicate_count: repertoire.counts()[row],
                });
            }
            for (junction_aa, v_call) in rows(i, self.labels[i]) {
                let (junction_aa, j_call) = (&junction_aa, "TRBJ2-7");
                builder.push(Row {
                    junction_aa: JunctionAa::new(junction_aa).expect("amino acids"),
                    v_call,
                    j_call,
                    duplicate_count: 1,
                });
            }
            *repertoire = builder.finish(repertoire.id.clone());
        }
        self
    }

    /// Mean AUC of `method` over five orders of the labels that say nothing: near a half.
    pub(crate) fn at_chance(&mut self, method: &dyn Method) -> f64 {
        let auc = |seed: u64| {
            self.labels.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            self.fit(method).1
        };
        (0..5).map(auc).sum::<f64>() / 5.0
    }

    /// What `method` learns from every other repertoire, and its AUC on the rest.
    pub(crate) fn fit(&self, method: &dyn Method) -> (Box<dyn Fitted>, f64) {
        let ids: Vec<&String> = self.repertoires.iter().map(|own| &own.id).collect();
        let groups = Groups::of(&ids);
        let views: Vec<&Repertoire> = self.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &groups);
        let (held, fitted): (Vec<usize>, Vec<usize>) =
            (0..views.len()).partition(|i| i / 2 % 2 == 0);
        let of = |side: &[usize]| side.iter().map(|&i| self.labels[i]).collect::<Vec<_>>();
        let labels = of(&fitted);
        let part = TrainingPart { cache: &cache, members: &fitted, labels: &labels, seed: 3 };
        let learned = method.fit(part, &Silent).expect("enough of both classes");
        let auc = metrics::auc(&learned.logits(&cache, &held), &of(&held));
        (learned, auc.expect("both classes"))
    }

    /// What `method` learns on so many threads.
    pub(crate) fn parameters(&self, method: &dyn Method, threads: usize) -> Vec<f64> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| self.fit(method).0.parameters())
    }
}
