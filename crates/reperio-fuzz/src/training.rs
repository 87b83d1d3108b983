//! A training that takes a moment: eight repertoires of four clonotypes, a network of two filters.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use reperio_data::junction::JunctionAa;
use reperio_data::progress::{Observer, Progress};
use reperio_data::repertoire::{Builder, Repertoire, Row};
use reperio_model::bag::{Device, FilterGroup, PositionTerms};
use reperio_model::config::Config;
use reperio_model::features::FeatureCache;
use reperio_model::labels::{Labels, Target, TargetKind};
use reperio_model::parts::Part;
use reperio_model::train::{self, Dataset, Fitted, TrainError, TrainingContext};
use reperio_stats::Groups;

/// A repertoire of these junctions; V and J genes take turns.
pub(crate) fn repertoire(id: &str, junctions: &[&str]) -> Repertoire {
    let mut builder = Builder::default();
    for (i, junction_aa) in junctions.iter().enumerate() {
        let (v_call, j_call) = [("TRBV9", "TRBJ2-3"), ("TRBV6-2", ""), ("", "TRBJ1-1")][i % 3];
        builder.push(Row {
            junction_aa: JunctionAa::new(junction_aa).expect("amino acids"),
            v_call,
            j_call,
            duplicate_count: i as u64 + 1,
        });
    }
    builder.finish(id.to_owned())
}

/// Half of the patients have the clonotypes of the first line.
pub(crate) struct Patients {
    repertoires: Vec<Repertoire>,
    groups: Groups,
    labels: Labels,
}

impl Patients {
    pub(crate) fn new(n: usize) -> Self {
        let one = |i: usize| {
            let own =
                format!("CASS{}{}EQYF", ["LG", "PG", "RD", "TT"][i % 4], ["Q", "N"][i / 4 % 2]);
            let marks =
                if i % 2 == 1 { ["CASWNDRTQYF", "CSWNDRAEQF"] } else { ["CASSLAPF", "CAYSETQF"] };
            repertoire(&format!("p{i:02}"), &[&own, marks[0], marks[1], "CASSYEQYF"])
        };
        let repertoires: Vec<Repertoire> = (0..n).map(one).collect();
        let kind = TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() };
        let targets = vec![Target { column: "label".to_owned(), kind }];
        let values = vec![(0..n).map(|i| Some((i % 2) as f64)).collect()];
        let ids: Vec<&String> = repertoires.iter().map(|own| &own.id).collect();
        let groups = Groups::of(&ids);
        Self { repertoires, groups, labels: Labels { targets, values } }
    }

    /// Trains `parts` with the state in `checkpoint`.
    pub(crate) fn fit(
        &self,
        parts: &[Part],
        checkpoint: Option<&Path>,
        observer: &dyn Observer,
    ) -> Result<Fitted, TrainError> {
        let views: Vec<&Repertoire> = self.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &self.groups);
        let members: Vec<usize> = (0..views.len()).collect();
        let dataset = Dataset { cache: &cache, members: &members, labels: &self.labels };
        train::fit(
            dataset,
            &config(parts),
            TrainingContext { checkpoint, device: &Device::Cpu, base: None },
            observer,
        )
    }
}

fn config(parts: &[Part]) -> Config {
    let mut config = Config::default();
    config.parts.include = parts.to_vec();
    let model = &mut config.model;
    model.filters = vec![FilterGroup { width: 3, count: 2 }];
    model.position = PositionTerms::Bins { from_start: 2, from_end: 2 };
    (model.gene_dim, model.attention_width, model.attention_layers, model.heads) = (1, 2, 1, 1);
    config.training.members = 1;
    config.training.epochs = 3;
    (config.discovery.motifs, config.discovery.genes) = (false, false);
    config
}

/// Stops a training after its first epoch.
#[derive(Default)]
pub(crate) struct AfterOneEpoch(AtomicBool);

impl Observer for AfterOneEpoch {
    fn progress(&self, _: Progress<'_>) {}

    fn scalar(&self, _: &str, step: u64, _: f64) {
        self.0.fetch_or(step > 0, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
