//! The committed demo model and the committed configs: each loads, is checked and scores.

use std::fs;
use std::path::{Path, PathBuf};

use reperio_data::cohort;
use reperio_data::format::ReadOptions;
use reperio_data::generator::Generator;
use reperio_data::progress::Silent;
use reperio_data::simulate::{self, Background, SimulationConfig};
use reperio_model::bag::Device;
use reperio_model::config::Config;
use reperio_model::features::FeatureCache;
use reperio_model::labels::{Labels, TargetKind, TargetSpec};
use reperio_model::model::{FORMAT, Model, ModelInfo, TargetModel};
use reperio_model::train::{self, Dataset, TrainingContext};
use reperio_stats::Groups;

/// A file or folder of the repository.
fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn parsed<T: serde::de::DeserializeOwned>(path: &str) -> T {
    let text = fs::read_to_string(committed(path)).expect("a committed file");
    toml::from_str(&text).expect("a valid config")
}

#[test]
fn the_demo_model_says_what_it_is() {
    let model = Model::load(&committed("models/demo.safetensors")).unwrap();
    let info = model.info();
    assert_eq!(info.format, FORMAT);
    assert!(
        info.config == Config::default(),
        "the defaults changed: make models/demo.safetensors again, the commands stand in models/demo.md"
    );
    assert_eq!(model.n_members(), info.config.training.members);
    assert_eq!(info.targets.len(), 1);
    assert_eq!(info.targets[0].column, "label");
    let (positive, negative) = ("1".to_owned(), "0".to_owned());
    assert_eq!(info.targets[0].kind, TargetKind::Binary { positive, negative });
    assert_eq!(info.population.repertoires, 200);
    assert_eq!(info.population.clonotypes, [3000; 3]);
    assert!(info.genes.v.contains(&"TRBV9".to_owned()), "{:?}", info.genes.v);
}

#[test]
fn no_model_is_made_of_numbers_that_do_not_fit() {
    let demo = Model::load(&committed("models/demo.safetensors")).unwrap();
    let refused = |change: &dyn Fn(&mut ModelInfo, &mut Vec<TargetModel>)| {
        let (mut info, mut targets) = (demo.info().clone(), demo.targets().to_vec());
        change(&mut info, &mut targets);
        Model::new(info, None, targets).expect_err("a wrong model").to_string()
    };
    let text = refused(&|_, _| {});
    assert!(text.contains("the network has a weight and no parameters"), "{text}");
    let text = refused(&|_, targets| targets[0].bias[0] = f64::NAN);
    assert!(text.contains("a bias is not a finite number"), "{text}");
    let text = refused(&|info, _| {
        info.targets[0].kind = TargetKind::Classes { classes: vec!["only".to_owned()] };
    });
    assert!(text.contains("expected at least two"), "{text}");
    let text = refused(&|info, _| info.genes.v.reverse());
    assert!(text.contains("expected distinct sorted names"), "{text}");
}

#[test]
fn the_demo_model_gives_the_committed_scores() {
    let model = Model::load(&committed("models/demo.safetensors")).unwrap();
    let tiny = [committed("datasets/tiny/repertoires")];
    let labels = committed("datasets/tiny/metadata.tsv");
    let cohort = cohort::load(&tiny, Some(&labels), &ReadOptions::default(), &Silent).unwrap();
    let expected = fs::read_to_string(committed("models/demo.expected_scores.tsv")).unwrap();
    let rows: Vec<Vec<&str>> =
        expected.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    assert_eq!(rows.len(), cohort.len());
    let truth = cohort.metadata().column("label").unwrap();
    for ((repertoire, row), label) in cohort.repertoires().iter().zip(rows).zip(truth) {
        let prediction = model.predict(repertoire);
        let target = &prediction.targets[0];
        assert_eq!(repertoire.id, row[0]);
        for (found, expected) in [(target.logits[0], row[1]), (target.probabilities[0], row[2])] {
            let expected: f64 = expected.parse().unwrap();
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error < 1e-5, "{}: {found} != {expected}", row[0]);
        }
        assert_eq!(target.class.as_deref(), Some(row[3]));
        assert_eq!(target.class, *label, "{}", row[0]);
        assert_eq!(prediction.warnings.join("; "), row[6]);
    }
}

#[test]
fn the_committed_configs_train_and_score() {
    let simulation: SimulationConfig = parsed("configs/simulate/tiny.toml");
    let simulation = SimulationConfig { repertoires: 16, ..simulation };
    let generator = Generator::human_trb();
    let made = simulate::cohort(&simulation, Background::Generator(&generator)).unwrap().cohort;
    let spec = TargetSpec { column: "label".to_owned(), positive: None, kind: None };
    let labels = Labels::read(made.metadata(), &[spec]).unwrap();
    let subjects = made.metadata().column("subject_id").unwrap();
    let groups = Groups::of(&subjects.iter().flatten().collect::<Vec<_>>());
    let repertoires: Vec<_> = made.repertoires().iter().collect();
    let cache = FeatureCache::new(&repertoires, &groups);
    let members: Vec<usize> = (0..repertoires.len()).collect();
    let dataset = Dataset { cache: &cache, members: &members, labels: &labels };
    for name in ["configs/default.toml", "configs/deeprc.toml", "configs/deeprc-lstm.toml"] {
        let mut config: Config = parsed(name);
        config.validate().unwrap();
        config.training.epochs = 2;
        let context = TrainingContext { checkpoint: None, device: &Device::Cpu, base: None };
        let fitted = train::fit(dataset, &config, context, &Silent).unwrap();
        assert_eq!(fitted.model.info().config, config, "{name}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        fitted.model.save(&path).unwrap();
        let loaded = Model::load(&path).unwrap();
        for repertoire in made.repertoires() {
            let prediction = loaded.predict(repertoire);
            assert_eq!(prediction, fitted.model.predict(repertoire), "{name}");
            let probability = prediction.targets[0].probabilities[0];
            assert!((0.0..=1.0).contains(&probability), "{name}: {probability}");
        }
    }
}
