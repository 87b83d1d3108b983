//! Whole pre-trainings on small cohorts.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::Rng;
use reperio_data::progress::Silent;
use reperio_data::repertoire::{Builder, Row};

use super::*;
use crate::config::{Config, PartsConfig};
use crate::features::FeatureCache;
use crate::labels::{Labels, Target, TargetKind};
use crate::model::{Model, ModelError};
use crate::parts::Part;
use crate::train::{self, Dataset, Fitted, TrainError, TrainingContext};

/// A repertoire of `n` clonotypes of somebody who likes some residues and genes better than others do.
fn repertoire(id: &str, person: u64, sample: u64, n: usize) -> Repertoire {
    let mut likes = rng(100 + person, 0);
    let liked: Vec<char> =
        (0..3).map(|_| char::from(b"ACDEFGHIKLMNPQRSTVWY"[likes.random_range(0..20)])).collect();
    let gene = likes.random_range(1..9);
    let mut rng = rng(person, 1 + sample);
    let mut builder = Builder::default();
    for _ in 0..n {
        let residue = |rng: &mut rand_chacha::ChaCha8Rng| {
            if rng.random_bool(0.4) {
                liked[rng.random_range(0..3)]
            } else {
                char::from(b"ACDEFGHIKLMNPQRSTVWY"[rng.random_range(0..20)])
            }
        };
        let middle: String = (0..7).map(|_| residue(&mut rng)).collect();
        let v = if rng.random_bool(0.3) { gene } else { rng.random_range(1..9) };
        let junction = format!("CAS{middle}YEQYF");
        let junction_aa = junction.as_str().try_into().unwrap();
        let v_call = format!("TRBV{v}");
        builder.push(Row { junction_aa, v_call: &v_call, j_call: "TRBJ2-7", duplicate_count: 1 });
    }
    builder.finish(id.to_owned())
}

/// Two repertoires each of `n` people.
fn cohort(n: u64) -> (Vec<Repertoire>, Groups) {
    let own = |i: u64| repertoire(&format!("r{i:02}"), i / 2, i % 2, 120);
    let people: Vec<String> = (0..2 * n).map(|i| format!("p{}", i / 2)).collect();
    ((0..2 * n).map(own).collect(), Groups::of(&people))
}

fn config(epochs: usize) -> PretrainConfig {
    let mut config = PretrainConfig::default();
    config.pretraining.epochs = epochs;
    config.pretraining.batch_size = 8;
    config
}

fn made(
    data: &(Vec<Repertoire>, Groups),
    config: &PretrainConfig,
    folder: Option<&Path>,
) -> Pretrained {
    let data = Unlabelled { repertoires: &data.0, groups: &data.1 };
    let context = PretrainContext { checkpoint: folder, device: &Device::Cpu };
    pretrain(data, config, context, &Silent).unwrap()
}

fn file(base: &Base, folder: &Path) -> Vec<u8> {
    let path = folder.join("base.safetensors");
    base.save(&path).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn people_are_found_again_by_another_sample() {
    let data = cohort(24);
    let mut config = config(12);
    config.pretraining.held_out = 0.4;
    let Pretrained { report, .. } = made(&data, &config, None);
    assert_eq!((report.views, report.fitted, report.held_out), (Views::Visits, 14, 10));
    let loss = |epoch: usize| report.epochs[epoch].validation_loss.unwrap();
    assert!(report.best_epoch > 0 && loss(report.best_epoch) < loss(0) - 0.2, "{report:?}");
    assert!(report.end.top1 > 4.0 * report.end.chance, "{report:?}");
    config.pretraining.views = ViewChoice::Halves;
    let Pretrained { report, base } = made(&data, &config, None);
    assert_eq!((report.views, report.fitted, report.held_out), (Views::Halves, 28, 10));
    assert!(report.end.top1 > 4.0 * report.end.chance, "{report:?}");
    assert!((report.start.chance - 0.1).abs() < 1e-12 && report.end.effective_rank > 1.0);
    assert_eq!(base.info().held_out, report.end);
}

#[test]
fn threads_change_no_bit() {
    let (data, folder) = (cohort(6), tempfile::tempdir().unwrap());
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| file(&made(&data, &config(2), None).base, folder.path()))
    };
    let one = bytes(1);
    assert!(one == bytes(2) && one == bytes(3));
}

/// Asks to stop after some progress.
struct Impatient(AtomicUsize);

impl Observer for Impatient {
    fn progress(&self, _: Progress<'_>) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn scalar(&self, _: &str, _: u64, _: f64) {}

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[test]
fn one_that_goes_on_gives_the_same_bytes_wherever_it_stopped() {
    let data = cohort(12);
    let mut config = config(3);
    config.pretraining.batch_size = 4;
    let folder = tempfile::tempdir().unwrap();
    let whole = file(&made(&data, &config, None).base, folder.path());
    let unlabelled = Unlabelled { repertoires: &data.0, groups: &data.1 };
    for moment in [1, 2, 4, 7] {
        let checkpoint = folder.path().join(moment.to_string());
        let context = PretrainContext { checkpoint: Some(&checkpoint), device: &Device::Cpu };
        let stopped = pretrain(unlabelled, &config, context, &Impatient(AtomicUsize::new(moment)));
        assert!(matches!(stopped, Err(PretrainError::Interrupted { .. })), "{moment}");
        let resumed = made(&data, &config, Some(&checkpoint));
        assert!(file(&resumed.base, folder.path()) == whole, "stopped at {moment}");
        // Finished: nothing is learned again.
        let again = made(&data, &config, Some(&checkpoint));
        assert_eq!(again.report, resumed.report);
        let mut other = config.clone();
        other.pretraining.seed = 1;
        let refused = pretrain(unlabelled, &other, context, &Silent);
        assert!(matches!(
            refused,
            Err(PretrainError::Checkpoint(CheckpointError::OtherRun { .. }))
        ));
    }
}

#[test]
fn too_few_people_are_an_error() {
    let (repertoires, groups) = cohort(3);
    let context = PretrainContext { checkpoint: None, device: &Device::Cpu };
    let said = |repertoires: &[Repertoire], groups: &Groups, views: ViewChoice| {
        let mut config = config(1);
        config.pretraining.views = views;
        let data = Unlabelled { repertoires, groups };
        pretrain(data, &config, context, &Silent).unwrap_err().to_string()
    };
    let text = said(&repertoires, &groups, ViewChoice::Auto);
    assert!(text.starts_with("subjects with two views: 3, expected at least 4"), "{text}");
    let single = Groups::each(6);
    let text = said(&repertoires, &single, ViewChoice::Subjects);
    assert!(text.starts_with("no subject has two repertoires"), "{text}");
    // A repertoire of one clonotype has no halves.
    let tiny: Vec<Repertoire> = (0..6).map(|i| repertoire("x", i, 0, 1)).collect();
    let text = said(&tiny, &single, ViewChoice::Halves);
    assert!(text.starts_with("subjects with two views: 0"), "{text}");
}

#[test]
fn a_file_holds_the_base_and_damage_is_an_error() {
    let (data, folder) = (cohort(5), tempfile::tempdir().unwrap());
    let Pretrained { base, .. } = made(&data, &config(1), None);
    let bytes = file(&base, folder.path());
    let path = folder.path().join("base.safetensors");
    let loaded = Base::load(folder.path()).unwrap();
    assert_eq!((loaded.info(), loaded.sha256()), (base.info(), base.sha256()));
    assert!(file(&loaded, folder.path()) == bytes);
    let (strangers, _) = cohort(40);
    let own: Vec<&Repertoire> = data.0.iter().chain(&strangers[60..]).collect();
    assert_eq!((own.len(), base.seen_among(&own)), (30, 10));
    let err = Model::load(folder.path()).unwrap_err();
    assert!(matches!(err, ModelError::IsBase { .. }), "{err}");
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(Base::load(&path).is_err(), "byte {place}");
    }
    fs::write(&path, "no base").unwrap();
    assert!(Base::load(&path).unwrap_err().to_string().contains("is damaged or not a base"));
}

fn fitted(
    data: &(Vec<Repertoire>, Groups),
    config: &Config,
    base: Option<&Base>,
) -> Result<Fitted, TrainError> {
    let views: Vec<&Repertoire> = data.0.iter().collect();
    let cache = FeatureCache::new(&views, &data.1);
    let members: Vec<usize> = (0..views.len()).collect();
    let kind = TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() };
    let targets = vec![Target { column: "t".to_owned(), kind }];
    let values = vec![members.iter().map(|&i| Some((i / 2 % 2) as f64)).collect()];
    let labels = Labels { targets, values };
    let dataset = Dataset { cache: &cache, members: &members, labels: &labels };
    let context = TrainingContext { checkpoint: None, device: &Device::Cpu, base };
    train::fit(dataset, config, context, &Silent)
}

#[test]
fn a_model_from_a_base_needs_it_no_more_and_names_it() {
    let (data, folder) = (cohort(8), tempfile::tempdir().unwrap());
    let base = made(&data, &config(1), None).base;
    let parts = PartsConfig { include: vec![Part::Network] };
    let mut config = Config { parts, ..Config::default() };
    config.training.epochs = 2;
    config.training.members = 2;
    let Fitted { model, report, .. } = fitted(&data, &config, Some(&base)).unwrap();
    let scratch = fitted(&data, &config, None).unwrap();
    assert_eq!(scratch.report.base, None);
    let used = report.base.unwrap();
    assert_eq!((used.sha256.as_str(), used.seen, used.here), (base.sha256(), 16, 16));
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Model::load(&path).unwrap();
    if model.n_members() > 0 {
        assert_eq!(loaded.info().base.as_deref(), Some(base.sha256()));
        assert_ne!(model.parameters(), scratch.model.parameters());
    }
    for own in &data.0 {
        assert_eq!(loaded.outputs(own), model.outputs(own));
    }
    assert_eq!(
        fitted(&data, &config, Some(&base)).unwrap().model.sha256().unwrap(),
        model.sha256().unwrap()
    );
    let err = Base::load(&path).unwrap_err().to_string();
    assert!(err.contains("is a trained model, expected the base"), "{err}");
    config.model.gene_dim = 8;
    let err = fitted(&data, &config, Some(&base)).unwrap_err();
    assert!(matches!(err, TrainError::OtherBase), "{err}");
}
