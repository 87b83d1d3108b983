//! A model of parts: what holds for every part, alone and together.

use reperio_data::generator::Generator;
use reperio_data::metadata::Metadata;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{self, Background, SimulationConfig};
use reperio_model::bag::Device;
use reperio_model::config::{Config, Embedding};
use reperio_model::features::FeatureCache;
use reperio_model::labels::{KindName, Labels, TargetSpec};
use reperio_model::model::{Explanation, Model};
use reperio_model::parts::Part;
use reperio_model::train::{self, Dataset, Fitted, TargetHeldOut, TermReport, TrainingContext};
use reperio_stats::Groups;
use reperio_stats::moments::mean_and_sd;

/// A motif for one half of the patients, public clonotypes for some of them, and numbers.
const SIMULATION: &str = "
repertoires = 60
clonotypes = 300
seed = 11
[[signals]]
name = 'planted'
motifs = ['WNDR']
witness_rate = 0.04
position = { min = 4, from_end = 2 }
";

struct Case {
    repertoires: Vec<Repertoire>,
    groups: Groups,
    labels: Labels,
}

impl Case {
    /// Targets: the label; three classes of which one is the label; a number that follows it. Every seventh label
    /// of the last two is missing.
    fn new(kinds: &[KindName]) -> Self {
        let simulation: SimulationConfig = toml::from_str(SIMULATION).expect("a simulation");
        let generator = Generator::human_trb();
        let made = simulate::cohort(&simulation, Background::Generator(&generator));
        let cohort = made.expect("a cohort").cohort;
        let label = cohort.metadata().column("label").expect("labels").to_vec();
        let positive = |i: usize| label[i].as_deref() == Some("1");
        let text = |i: usize, value: String| (i % 7 != 3).then_some(value);
        let class = |i: usize| if positive(i) { "case" } else { ["a", "b"][i / 2 % 2] };
        let number = |i: usize| f64::from(u8::from(positive(i))) * 10.0 + (i % 5) as f64 * 0.5;
        let n = label.len();
        let classes = (0..n).map(|i| text(i, class(i).to_owned())).collect();
        let numbers = (0..n).map(|i| text(i, number(i).to_string())).collect();
        let columns = [("label", label), ("class", classes), ("number", numbers)]
            .map(|(n, c)| (n.to_owned(), c));
        let ids = cohort.metadata().ids().to_vec();
        let metadata = Metadata::from_columns(ids, columns.into()).expect("columns");
        let spec = |kind: &KindName| {
            let column = match kind {
                KindName::Binary => "label",
                KindName::Classes => "class",
                KindName::Regression => "number",
            };
            TargetSpec { column: column.to_owned(), positive: None, kind: Some(*kind) }
        };
        let specs: Vec<TargetSpec> = kinds.iter().map(spec).collect();
        let labels = Labels::read(&metadata, &specs).expect("labels");
        let groups = Groups::of(metadata.ids());
        Self { groups, repertoires: cohort.into_repertoires(), labels }
    }

    fn fit(&self, parts: &[Part]) -> Fitted {
        let mut config = Config::default();
        config.parts.include = parts.to_vec();
        config.training.epochs = 3;
        config.training.members = 2;
        self.fit_as(&config)
    }

    fn fit_as(&self, config: &Config) -> Fitted {
        let views: Vec<&Repertoire> = self.repertoires.iter().collect();
        let cache = FeatureCache::new(&views, &self.groups);
        let members: Vec<usize> = (0..views.len()).collect();
        let dataset = Dataset { cache: &cache, members: &members, labels: &self.labels };
        let context = TrainingContext { checkpoint: None, device: &Device::Cpu, base: None };
        train::fit(dataset, config, context, &Silent).expect("a model")
    }
}

/// Evidences and bias add up to each logit, the parts to the evidences.
fn adds_up(model: &Model, repertoires: &[Repertoire]) {
    for repertoire in repertoires {
        let explanation = model.explain(repertoire);
        let outputs = explanation.logits.len();
        assert_eq!(explanation.logits, model.outputs(repertoire));
        for (t, (logit, bias)) in explanation.logits.iter().zip(&explanation.bias).enumerate() {
            let column = |all: &[f64]| all.iter().skip(t).step_by(outputs).sum::<f64>();
            let sum = bias + column(&explanation.evidence);
            assert!((sum - logit).abs() < 1e-4, "{}: {sum} != {logit}", repertoire.id);
            let parts: f64 = explanation.parts.iter().map(|(_, own)| column(own)).sum();
            assert!((parts - column(&explanation.evidence)).abs() < 1e-9, "{}", repertoire.id);
            let combination: Vec<f64> =
                model.targets().iter().flat_map(|target| target.bias.iter().copied()).collect();
            let own: f64 = explanation.part_bias.iter().map(|own| own[t]).sum();
            assert!((combination[t] + own - bias).abs() < 1e-9, "{}", repertoire.id);
            residues_add_up(model, repertoire, &explanation, t);
            network_residues_add_up(model, repertoire, &explanation, t);
        }
    }
}

/// The residues of every junction add up to its evidence of the part `kmers`.
fn residues_add_up(model: &Model, repertoire: &Repertoire, explanation: &Explanation, t: usize) {
    let places: Vec<usize> = (0..repertoire.len()).collect();
    let residues = model.kmer_residues(repertoire, &places, t);
    let outputs = explanation.logits.len();
    for (_, own) in explanation.parts.iter().filter(|(part, _)| *part == Part::Kmers) {
        let Some(residues) = &residues else {
            assert!(
                own.iter().skip(t).step_by(outputs).all(|own| *own == 0.0),
                "no table, no evidence"
            );
            continue;
        };
        for (i, residues) in residues.iter().enumerate() {
            let sum: f64 = residues.iter().sum();
            assert!((sum - own[i * outputs + t]).abs() < 1e-9, "{}, clonotype {i}", repertoire.id);
            assert_eq!(residues.len(), repertoire.junction_aa(i).len());
        }
    }
}

/// The residues of the junctions of most and of least evidence, and what is there without them, add up to their evidence
/// of the part `network`.
fn network_residues_add_up(
    model: &Model,
    repertoire: &Repertoire,
    explanation: &Explanation,
    t: usize,
) {
    let outputs = explanation.logits.len();
    let evidence = |i: usize| explanation.evidence[i * outputs + t];
    let mut places: Vec<usize> = (0..repertoire.len()).collect();
    places.sort_by(|a, b| evidence(*b).total_cmp(&evidence(*a)));
    let places: Vec<usize> =
        places.iter().take(20).chain(places.iter().rev().take(20)).copied().collect();
    let found = model.network_residues(repertoire, explanation, &places, t);
    let network = explanation.parts.iter().find(|(part, _)| *part == Part::Network);
    let Some(found) = found else {
        let own = network.iter().flat_map(|(_, own)| own.iter().skip(t).step_by(outputs));
        assert!(own.into_iter().all(|own| *own == 0.0), "no weight, no evidence");
        return;
    };
    let (_, own) = network.expect("a part");
    for (i, found) in places.iter().zip(&found) {
        let (sum, want) = (found.rest + found.shares.iter().sum::<f64>(), own[i * outputs + t]);
        assert!((sum - want).abs() < 1e-9 * want.abs().max(1.0), "{sum} != {want}");
        assert!(found.error.abs() < 1e-4 * want.abs().max(1.0), "clonotype {i}: {found:?}");
        assert_eq!(found.shares.len(), repertoire.junction_aa(*i).len());
    }
}

/// Held-out outputs are of the repertoires with a label; a part moves logits by the reach of its terms.
fn held_out_is_of_the_labelled(case: &Case, t: usize, own: &TargetHeldOut, terms: &[TermReport]) {
    let values = &case.labels.values[t];
    let labelled: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    assert_eq!(own.places, labelled);
    let ids = own.places.iter().map(|&place| &case.repertoires[place].id);
    assert!(ids.eq(&own.ids));
    let width = case.labels.targets[t].width();
    assert!(own.combined.len() == width && own.folds.len() == labelled.len());
    let weighted =
        |part: Part| terms.iter().filter(move |term| term.part == part && term.weight > 0.0);
    for (part, outputs) in &own.parts {
        assert!(outputs.len() == width && outputs.iter().all(|own| own.len() == labelled.len()));
        if let [term] = weighted(*part).collect::<Vec<_>>()[..] {
            let sds = outputs.iter().map(|own| mean_and_sd(own).1);
            assert!((sds.fold(0.0, f64::max) - term.reach).abs() < 1e-9, "{}", term.name);
        }
    }
    let parts: Vec<Part> = own.parts.iter().map(|(part, _)| *part).collect();
    assert!(
        Part::ALL.into_iter().all(|part| parts.contains(&part) == (weighted(part).count() > 0))
    );
}

#[test]
fn every_kind_of_target_adds_up_and_survives_a_file() {
    let case = Case::new(&[KindName::Binary, KindName::Classes, KindName::Regression]);
    // Covariates are asked for by the names of their columns.
    let parts: Vec<Part> = Part::ALL.into_iter().filter(|part| *part != Part::Covariates).collect();
    let Fitted { model, report, held_out } = case.fit(&parts);
    assert_eq!(report.out_of_fold.len(), 3);
    for (t, own) in held_out.iter().enumerate() {
        held_out_is_of_the_labelled(&case, t, own, &report.terms[t]);
    }
    assert_eq!(report.out_of_fold[1].repertoires, 60 - 60 / 7 - 1);
    let auc = report.out_of_fold[0].auc.expect("two classes");
    assert!(auc > 0.95, "held-out AUC {auc} of a planted motif");
    let p = report.out_of_fold[0].p_value.expect("a P value");
    assert!((0.001..0.01).contains(&p), "{p}: one of a thousand orders is the own one");
    assert!(report.out_of_fold.iter().all(|own| own.beats_shares), "{:?}", report.out_of_fold);
    adds_up(&model, &case.repertoires[..8]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    model.save(&path).expect("a file");
    let loaded = Model::load(&path).expect("the same model");
    assert_eq!(loaded.targets(), model.targets());
    assert_eq!(loaded.parts(), model.parts());
    for repertoire in &case.repertoires[..8] {
        assert_eq!(loaded.outputs(repertoire), model.outputs(repertoire));
        let outputs = model.outputs(repertoire);
        assert_eq!(loaded.sets(&outputs, 0.9), model.sets(&outputs, 0.9));
    }
}

#[test]
fn any_subset_of_parts_is_a_model() {
    let case = Case::new(&[KindName::Binary]);
    for parts in [
        vec![Part::Network],
        vec![Part::Kmers],
        vec![Part::Clones],
        vec![Part::Genes],
        vec![Part::Genes, Part::Clones],
        vec![Part::Network, Part::Genes],
    ] {
        let Fitted { model, .. } = case.fit(&parts);
        let expected: Vec<Part> =
            Part::ALL.into_iter().filter(|part| parts.contains(part)).collect();
        // No clonotype is shared and no gene is planted: such parts may find nothing. The motif is found.
        let finds = |part: &&Part| matches!(part, Part::Network | Part::Kmers);
        assert!(model.parts().iter().all(|part| expected.contains(part)), "{:?}", model.parts());
        assert!(
            expected.iter().filter(finds).all(|part| model.parts().contains(part)),
            "{parts:?}"
        );
        adds_up(&model, &case.repertoires[..3]);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        model.save(&path).expect("a file");
        let loaded = Model::load(&path).expect("the same model");
        for repertoire in &case.repertoires {
            assert_eq!(loaded.predict(repertoire), model.predict(repertoire), "{parts:?}");
        }
    }
}

/// The published network keeps a tenth of the clonotypes and scales its input by the repertoire.
#[test]
fn the_published_network_adds_up() {
    let case = Case::new(&[KindName::Binary]);
    for mut config in [Config::deeprc(), Config::deeprc_lstm()] {
        config.training.epochs = 3;
        let Fitted { model, .. } = case.fit_as(&config);
        assert_eq!(model.parts(), [Part::Network]);
        adds_up(&model, &case.repertoires[..3]);
        let explanation = model.explain(&case.repertoires[0]);
        let left_out = explanation.attention.iter().position(|own| *own == 0.0);
        let left_out = left_out.expect("nine of ten");
        let found = model.network_residues(&case.repertoires[0], &explanation, &[left_out], 0);
        let found = found.expect("a network").remove(0);
        assert!(found.rest == 0.0 && found.shares.iter().all(|own| *own == 0.0), "{found:?}");
    }
}

/// An LSTM in the place of the filters of our own network: everything is explained but by filters.
#[test]
fn a_network_with_an_lstm_adds_up_and_survives_a_file() {
    let case = Case::new(&[KindName::Binary]);
    let mut config = Config::default();
    config.parts.include = vec![Part::Network];
    (config.model.embedding, config.model.lstm_units) = (Embedding::Lstm, 20);
    config.model.filters = vec![];
    config.discovery.motifs = false;
    (config.training.members, config.training.epochs) = (1, 3);
    config.validate().expect("a valid config");
    let Fitted { model, .. } = case.fit_as(&config);
    assert_eq!(model.parts(), [Part::Network]);
    adds_up(&model, &case.repertoires[..3]);
    assert!(model.filters().is_empty());
    let repertoire = &case.repertoires[0];
    let explanation = model.explain(repertoire);
    let places: Vec<usize> = (0..repertoire.len()).collect();
    let own = model.filter_evidence(repertoire, &explanation, &places, 0).remove(0);
    assert!(own.filters.is_empty() && own.starts.is_empty());
    for (rest, evidence) in own.rest.iter().zip(&explanation.evidence) {
        assert!((rest - evidence).abs() < 1e-6 * evidence.abs().max(1.0), "{rest} != {evidence}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    model.save(&path).expect("a file");
    let loaded = Model::load(&path).expect("the same model");
    assert_eq!(loaded.info().config, config);
    for repertoire in &case.repertoires {
        assert_eq!(loaded.predict(repertoire), model.predict(repertoire));
    }
}

/// What stands in a file of before is the whole model, with the scores that it had.
#[test]
fn a_file_of_before_is_a_network_only() {
    let file = |name: &str| format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let model = Model::load(file("network-only.safetensors").as_ref()).expect("a model");
    assert_eq!(model.parts(), [Part::Network]);
    assert_eq!(model.info().config.parts.include, [Part::Network]);
    let tiny = format!("{}/../../datasets/tiny", env!("CARGO_MANIFEST_DIR"));
    let options = reperio_data::format::ReadOptions::default();
    let inputs = [format!("{tiny}/repertoires").into()];
    let labels = format!("{tiny}/metadata.tsv");
    let cohort = reperio_data::cohort::load(&inputs, Some(labels.as_ref()), &options, &Silent)
        .expect("tiny");
    let expected = std::fs::read_to_string(file("network-only.scores.tsv")).expect("scores");
    assert_eq!(expected.lines().count(), 1 + cohort.len());
    for (repertoire, row) in cohort.repertoires().iter().zip(expected.lines().skip(1)) {
        let cells: Vec<&str> = row.split('\t').collect();
        assert_eq!(repertoire.id, cells[0]);
        let expected: f64 = cells[1].parse().expect("a logit");
        let found = model.outputs(repertoire)[0];
        assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{found} {expected}");
    }
}

#[test]
fn thread_count_changes_no_bit() {
    let case = Case::new(&[KindName::Binary]);
    let fit = |threads, parts: &[Part]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| case.fit(parts).model.parameters())
    };
    let bits = |all: Vec<f64>| all.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    // With all parts the network may train no epoch.
    for parts in [&Part::ALL[..], &[Part::Network]] {
        assert_eq!(bits(fit(1, parts)), bits(fit(3, parts)), "{parts:?}");
    }
}
