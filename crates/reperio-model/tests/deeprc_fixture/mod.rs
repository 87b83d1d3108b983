//! Reads the fixtures of `DeepRC` and lays PyTorch's parameters out as the bag operation wants them.

mod check;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor, safetensors};
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
use reperio_model::bag::{BagLayout, BagShape, FilterGroup, PositionTerms, Windows};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use check::check;

/// Names of the layers: filter or `lstm`, two of the key network, query, head.
pub(crate) type LayerNames = [&'static str; 5];

/// Parameters of one network, and everything computed with them.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) count_scaling: bool,
    pub(crate) network: Network,
    pub(crate) bags: Vec<BagNumbers>,
    pub(crate) batch: Batch,
}

/// A network as the bag operation and a linear head.
pub(crate) struct Network {
    pub(crate) layout: BagLayout,
    pub(crate) params: Vec<f32>,
    pub(crate) head_weight: Vec<f32>,
    pub(crate) head_bias: f64,
    /// Shifts every attention; the softmax cancels it, so the bag operation has none.
    pub(crate) query_bias: f64,
}

/// What scoring computes here.
pub(crate) struct Scored {
    pub(crate) attention: Vec<f64>,
    pub(crate) embedding_first: Vec<f64>,
    pub(crate) logit: f64,
}

/// A repertoire in the fixture's order and its expected numbers.
pub(crate) struct BagNumbers {
    pub(crate) encoded: EncodedRepertoire,
    pub(crate) attention: Vec<f64>,
    pub(crate) embedding_first: Vec<f64>,
    pub(crate) logit_all: f64,
    pub(crate) input_sd: Option<f64>,
    pub(crate) kept: Option<Vec<u32>>,
    pub(crate) logit_kept: Option<f64>,
}

/// Expected numbers of a minibatch; the gradient is laid out like the parameters.
pub(crate) struct Batch {
    pub(crate) bags: Vec<usize>,
    pub(crate) labels: Vec<Option<bool>>,
    pub(crate) logits: Vec<f64>,
    pub(crate) loss: f64,
    pub(crate) gradient: Vec<f64>,
    pub(crate) head_gradient: Vec<f64>,
}

#[derive(Deserialize)]
pub(crate) struct Sequences {
    junction_aa: Vec<String>,
    count: Vec<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Outputs {
    attention: Vec<f64>,
    embedding_first: Vec<f64>,
    logit_all: f64,
    input_sd: Option<f64>,
    kept: Option<Vec<u32>>,
    logit_kept: Option<f64>,
}

#[derive(Deserialize)]
struct Minibatch {
    bags: Vec<usize>,
    labels: Vec<u8>,
    logits: Vec<f64>,
    loss: f64,
}

/// Length to which `bags` are padded together.
pub(crate) fn padded_length<'a>(bags: impl IntoIterator<Item = &'a BagNumbers>) -> usize {
    bags.into_iter().map(|bag| bag.encoded.max_length()).max().expect("a bag")
}

impl Network {
    /// Logit of a pooled repertoire.
    pub(crate) fn logit(&self, z: &[f32]) -> f64 {
        let products = z.iter().zip(&self.head_weight).map(|(&z, &w)| f64::from(z) * f64::from(w));
        products.sum::<f64>() + self.head_bias
    }
}

/// The sequences of each bag and what is computed of it.
pub(crate) fn pairs(sequences: &Value, outputs: &Value) -> Vec<(Sequences, Outputs)> {
    let sequences = Vec::<Sequences>::deserialize(sequences).expect("sequences");
    let outputs = Vec::<Outputs>::deserialize(outputs).expect("outputs");
    assert_eq!(sequences.len(), outputs.len(), "numbers of each bag");
    sequences.into_iter().zip(outputs).collect()
}

pub(crate) fn read_tensors(path: &Path) -> HashMap<String, Tensor> {
    safetensors::load(path, &Device::Cpu).expect("safetensors")
}

/// One case: its parameters and all numbers.
pub(crate) fn read(
    case: &str,
    bags: Vec<(Sequences, Outputs)>,
    minibatch: &Value,
    tensors: &HashMap<String, Tensor>,
    (names, gradient): (&LayerNames, &str),
) -> Fixture {
    let count_scaling = case == "counts";
    let layout = layout(names[0] == "lstm", count_scaling);
    let get = |prefix: &str, layer: usize, part: &str| -> Vec<f32> {
        let tensor = &tensors[&format!("{prefix}{}.{part}", names[layer])];
        tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("f32")
    };
    let batch = Minibatch::deserialize(minibatch).expect("minibatch");
    Fixture {
        name: format!("{} {case}", names[0]),
        count_scaling,
        network: Network {
            params: flat(&layout, |layer, part| get("", layer, part)),
            head_weight: get("", 4, "weight"),
            head_bias: f64::from(get("", 4, "bias")[0]),
            query_bias: f64::from(get("", 3, "bias")[0]),
            layout: layout.clone(),
        },
        bags: bags.into_iter().map(numbers).collect(),
        batch: Batch {
            bags: batch.bags,
            labels: batch.labels.iter().map(|&label| Some(label == 1)).collect(),
            logits: batch.logits,
            loss: batch.loss,
            gradient: widen(flat(&layout, |layer, part| get(gradient, layer, part))),
            head_gradient: widen(get(gradient, 4, "weight")),
        },
    }
}

fn widen(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}

/// 32 filters, or as many units of an LSTM.
fn layout(is_lstm: bool, count_scaling: bool) -> BagLayout {
    let shape = BagShape {
        filters: if is_lstm { vec![] } else { vec![FilterGroup { width: 9, count: 32 }] },
        lstm_units: if is_lstm { 32 } else { 0 },
        windows: Windows::Padded,
        position: PositionTerms::DeepRc,
        gene_dim: 0,
        v_genes: 1,
        j_genes: 1,
        attention_layers: 2,
        attention_width: 32,
        heads: 1,
        count_scaling,
    };
    BagLayout::new(shape).expect("a valid shape")
}

/// PyTorch's tensors in the order of the flat vector: a convolution (C, 23, K) parts into residue and
/// position rows, a linear layer (out, in) is transposed; there is no log-count term.
fn flat(layout: &BagLayout, get: impl Fn(usize, &str) -> Vec<f32>) -> Vec<f32> {
    if layout.shape().lstm_units > 0 {
        return flat_lstm(layout, get);
    }
    let convolution = get(0, "weight");
    let at = |c: usize, row: usize, t: usize| convolution[(c * 23 + row) * 9 + t];
    let tap = |t: usize, rows: std::ops::Range<usize>| {
        rows.flat_map(move |row| (0..32).map(move |c| (c, row, t)))
    };
    let mut out = Vec::with_capacity(layout.len());
    for segment in layout.segments() {
        match segment.name.as_str() {
            "filter.0.weight" => {
                out.extend((0..9).flat_map(|t| tap(t, 0..20)).map(|(c, row, t)| at(c, row, t)));
            }
            "filter.0.position" => {
                out.extend((0..9).flat_map(|t| tap(t, 20..23)).map(|(c, row, t)| at(c, row, t)));
            }
            "filter.0.bias" => out.extend(get(0, "bias")),
            other => out.extend(behind(other, &get)),
        }
    }
    assert_eq!(out.len(), layout.len());
    out
}

/// The same with an LSTM, whose input weights (4 U, 23) part into those of residues and of positions.
fn flat_lstm(layout: &BagLayout, get: impl Fn(usize, &str) -> Vec<f32>) -> Vec<f32> {
    let input = transposed(&get(0, "weight_ih_l0"), 23);
    let (residues, positions) = input.split_at(20 * 128);
    let mut out = Vec::with_capacity(layout.len());
    for segment in layout.segments() {
        match segment.name.as_str() {
            "lstm.input.weight" => out.extend(residues),
            "lstm.position" => out.extend(positions),
            "lstm.recurrent.weight" => out.extend(transposed(&get(0, "weight_hh_l0"), 32)),
            "lstm.bias" => out.extend([get(0, "bias_ih_l0"), get(0, "bias_hh_l0")].concat()),
            other => out.extend(behind(other, &get)),
        }
    }
    assert_eq!(out.len(), layout.len());
    out
}

/// The tensors behind the embedding.
fn behind(name: &str, get: &impl Fn(usize, &str) -> Vec<f32>) -> Vec<f32> {
    match name {
        "key.0.weight" => transposed(&get(1, "weight"), 32),
        "key.0.bias" => get(1, "bias"),
        "key.1.weight" => transposed(&get(2, "weight"), 32),
        "key.1.bias" => get(2, "bias"),
        "query" => get(3, "weight"),
        "gamma" => vec![0.0],
        other => panic!("unexpected tensor {other}"),
    }
}

/// (out, in) as (in, out).
fn transposed(weight: &[f32], inputs: usize) -> Vec<f32> {
    let row = |i: usize| weight.iter().skip(i).step_by(inputs).copied();
    (0..inputs).flat_map(row).collect()
}

/// Sequences in the fixture's order. A repertoire sorts its rows and collapses equal ones, so each
/// carries its number as its V gene, by which the order is found again.
fn numbers((sequences, outputs): (Sequences, Outputs)) -> BagNumbers {
    let mut builder = Builder::default();
    for (i, (junction_aa, &duplicate_count)) in
        sequences.junction_aa.iter().zip(&sequences.count).enumerate()
    {
        let v_call = format!("{i:06}");
        builder.push(Row {
            junction_aa: JunctionAa::new(junction_aa).expect("amino acids"),
            v_call: &v_call,
            j_call: "",
            duplicate_count,
        });
    }
    let repertoire = builder.finish("fixture".to_owned());
    let mut order: Vec<u32> = (0..repertoire.len() as u32).collect();
    order.sort_by_key(|&row| repertoire.v_call(row as usize).to_owned());
    let encoded = EncodedRepertoire::new(&repertoire, &GeneVocabulary::default());
    BagNumbers {
        encoded: encoded.gather(&order),
        attention: outputs.attention,
        embedding_first: outputs.embedding_first,
        logit_all: outputs.logit_all,
        input_sd: outputs.input_sd,
        kept: outputs.kept,
        logit_kept: outputs.logit_kept,
    }
}
