//! Model files: one that loads scores and explains, and is the same after it was written.

use std::sync::LazyLock;

use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_model::features::kmer_set::{Kmer, KmerSet};
use reperio_model::labels::{Target, TargetKind};
use reperio_model::model::{Model, TargetModel, Term};
use reperio_model::parts::kmers::KmerTable;
use reperio_model::parts::kmers::burden::Value;
use reperio_model::parts::{DepthTable, GeneTable, Part, Table};
use serde_json::json;

use crate::training::{Patients, repertoire};
use crate::{chain, names_its_file, scratch, sealed};

/// Key of the model's description in the file's metadata.
const KEY: &str = "reperio.model";

/// A model as a file. Seeds have no checksum, so that a changed one still loads.
pub(crate) fn file(bytes: &[u8]) {
    let path = scratch::file("model.safetensors", bytes);
    match Model::load(&path) {
        Ok(model) => check(&model),
        Err(err) => names_its_file(&err, &path),
    }
}

/// Files with parameters behind any description.
static PARAMETERS: [&[u8]; 2] = [
    include_bytes!("../corpus/model/parts.safetensors"),
    include_bytes!("../corpus/model/kinds.safetensors"),
];

/// A description, with the parameters of each of two models.
pub(crate) fn description(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for parameters in PARAMETERS {
        if let Some(bytes) = sealed::with_text(parameters, KEY, &text) {
            file(&bytes);
        }
    }
}

static SCORED: LazyLock<[Repertoire; 3]> = LazyLock::new(|| {
    let long = "A".repeat(255);
    [
        repertoire("small", &["CASWNDRTQYF", "CASSLGQEQYF", "CASSYEQYF", "CAF"]),
        repertoire("ends", &["C", &long, "CF"]),
        repertoire("empty", &[]),
    ]
});

/// Scores are their evidence, and a model that was written is the same model.
fn check(model: &Model) {
    let path = scratch::file("written.safetensors", b"");
    model.save(&path).expect("a model can be written");
    let again = Model::load(&path).unwrap_or_else(|err| panic!("written, but {}", chain(&err)));
    for repertoire in SCORED.iter() {
        let prediction = model.predict(repertoire);
        assert_eq!(prediction.targets.len(), model.info().targets.len());
        if repertoire.is_empty() {
            assert!(prediction.targets.iter().all(|target| target.logits.is_empty()));
            continue;
        }
        let outputs = model.outputs(repertoire);
        let bits = |own: Vec<f64>| own.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(again.outputs(repertoire)), bits(outputs.clone()), "the same model");
        let sets = model.sets(&outputs, 0.9);
        assert_eq!(sets.len(), prediction.targets.len());
        explains(model, repertoire, &outputs);
    }
}

/// Evidences and bias add up to each logit, where these are numbers.
fn explains(model: &Model, repertoire: &Repertoire, outputs: &[f64]) {
    let explanation = model.explain(repertoire);
    let t = outputs.len();
    assert_eq!(explanation.evidence.len(), repertoire.len() * t);
    assert_eq!(explanation.attended().len(), explanation.heads);
    let _ = explanation.most_attended(2);
    for (o, (logit, bias)) in outputs.iter().zip(&explanation.bias).enumerate() {
        let own = || explanation.evidence.iter().skip(o).step_by(t);
        let sum = bias + own().sum::<f64>();
        let size = bias.abs() + own().map(|value| value.abs()).sum::<f64>();
        // Sums of single precision: what cancels is as large as the parameters are.
        let largest = model.parameters().iter().fold(1.0, |most: f64, own| most.max(own.abs()));
        if size.is_finite() && logit.is_finite() && largest < 1e3 {
            let limit = 1e-3 * (1.0 + size) * largest;
            assert!((sum - logit).abs() <= limit, "{sum} is not {logit}: {explanation:?}");
        }
    }
}

/// Weights of some genes.
fn genes(bias: f64) -> Term {
    let weights = [("TRBV9", 0.5), ("TRBV6-2", -0.25), ("TRBJ1-1", 1.5)];
    let weights = weights.map(|(name, weight)| (name.to_owned(), weight)).into();
    term(Part::Genes, Table::Genes(GeneTable { weights, bias }))
}

fn depth() -> Term {
    term(Part::Depth, Table::Depth(DepthTable { clonotypes: 0.5, copies: -0.25, bias: 0.1 }))
}

fn term(part: Part, table: Table) -> Term {
    Term { part, name: part.name().to_owned(), weight: 0.5, tables: vec![table] }
}

fn kmers() -> Term {
    let set = KmerSet { k: 3, gaps: 1, anchors: false, regions: true };
    let mut table = KmerTable::new(set, Value::Frequency, 0.1);
    table.offset = 0.05;
    for code in 0..6 {
        table.insert(Kmer { slot: 0, code: 100 * code }, f64::from(code) - 2.5);
    }
    term(Part::Kmers, Table::Kmers(table))
}

/// One network; a network with every other part; a model of every kind of target. (name, bytes without a checksum)
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let trained = |n: usize, parts: &[Part]| {
        Patients::new(n).fit(parts, None, &Silent).expect("a model of a few patients").model
    };
    let network = trained(8, &[Part::Network]);
    let clones = trained(32, &[Part::Clones]);
    let of_clones = clones.targets()[0].terms.iter().take(2).cloned();
    let conformal = |lists: serde_json::Value| {
        serde_json::from_value(json!({ "strangeness": lists })).expect("a list a class")
    };
    let bytes = |model: &Model| {
        let path = scratch::file("seed.safetensors", b"");
        model.save(&path).expect("a model can be written");
        std::fs::read(&path).expect("what was written")
    };
    let own = bytes(&network);
    let mut targets = network.targets().to_vec();
    targets[0].terms = [kmers(), genes(0.2), depth()].into_iter().chain(of_clones).collect();
    targets[0].conformal = conformal(json!([[0.1, 0.5, 0.9], [0.2, 0.4]]));
    let parts = Model::new(network.info().clone(), Some(parameters(&own)), targets);
    let mut info = network.info().clone();
    info.evidence_origin.clear();
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let regression = TargetKind::Regression { mean: 50.0, sd: 10.0 };
    info.targets.push(Target { column: "class".to_owned(), kind: TargetKind::Classes { classes } });
    info.targets.push(Target { column: "age".to_owned(), kind: regression });
    let of_width = |width: usize, lists: serde_json::Value| {
        let tables: Vec<Table> = (0..width).flat_map(|o| genes(o as f64).tables).collect();
        let terms = vec![Term { tables, ..genes(0.0) }];
        TargetModel { network: 0.0, bias: vec![0.5; width], terms, conformal: conformal(lists) }
    };
    let targets = vec![
        of_width(1, json!([[0.1], [0.2, 0.3]])),
        of_width(3, json!([[0.1], [0.2, 0.3], []])),
        of_width(1, json!([[0.1, 0.2, 0.3]])),
    ];
    let kinds = Model::new(info, None, targets);
    let models = [
        ("network.safetensors", network),
        ("parts.safetensors", parts.expect("parts that fit each other")),
        ("kinds.safetensors", kinds.expect("targets that fit their tables")),
    ];
    models.map(|(name, model)| (name, without_checksum(&bytes(&model)))).to_vec()
}

fn without_checksum(bytes: &[u8]) -> Vec<u8> {
    let text = sealed::text(bytes, KEY).expect("a model has a description");
    sealed::with_text(bytes, KEY, &sealed::unsealed(&text)).expect("a model file")
}

/// The description in a model file.
pub(crate) fn described(bytes: &[u8]) -> Vec<u8> {
    sealed::text(bytes, KEY).expect("a model has a description").into_bytes()
}

/// The parameters of the first member of a network.
fn parameters(bytes: &[u8]) -> Vec<reperio_model::model::NetworkParameters> {
    let read = candle_core::safetensors::load_buffer(bytes, &candle_core::Device::Cpu);
    let mut member: Vec<_> = read
        .expect("a safetensors file")
        .into_iter()
        .filter_map(|(name, own)| Some((name.strip_prefix("member.0.")?.to_owned(), own)))
        .collect();
    member.sort_by(|a, b| a.0.cmp(&b.0));
    vec![member]
}
