//! The bag operation and its gradients against Hopfield pooling of what candle's own operations embed.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};
use candle_hopfield::{
    Beta, Call, Config, HopfieldPooling, Norm, PoolingConfig, Projection, ValueProjection,
};
use candle_nn::VarBuilder;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, Row};
use reperio_model::bag::{
    Bag, BagInput, BagLayout, BagOp, BagShape, FilterGroup, PositionTerms, Windows, bag,
};

fn repertoire() -> EncodedRepertoire {
    let mut builder = Builder::default();
    let rows = [
        ("CASSLGQGAETQYF", "TRBV9", "TRBJ2-5", 3),
        ("CASSPDRGYEQYF", "TRBV2", "TRBJ2-7", 1),
        ("CAWSVGTDTQYF", "", "TRBJ2-3", 7),
        ("CSVF", "TRBV29-1", "", 2),
        ("CF", "TRBV9", "TRBJ2-7", 1),
        ("CASSQEGLAGGRNEQFF", "TRBV4-1", "TRBJ2-1", 12),
    ];
    for (junction_aa, v_call, j_call, duplicate_count) in rows {
        builder.push(Row {
            junction_aa: JunctionAa::new(junction_aa).expect("amino acids"),
            v_call,
            j_call,
            duplicate_count,
        });
    }
    let repertoire = builder.finish("six".to_owned());
    EncodedRepertoire::new(&repertoire, repertoire.genes())
}

fn shape(position: PositionTerms) -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 3, count: 2 }, FilterGroup { width: 5, count: 3 }],
        lstm_units: 0,
        windows: Windows::Full,
        position,
        gene_dim: 2,
        v_genes: 5,
        j_genes: 5,
        attention_layers: 2,
        attention_width: 4,
        heads: 2,
        count_scaling: false,
    }
}

fn draw(len: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..len).map(|_| rng.random_range(-0.8..0.8)).collect()
}

/// SELU as candle differentiates it right.
fn selu(x: &Tensor) -> Result<Tensor> {
    x.elu(1.673_263_242_354_377_2)? * 1.050_700_987_355_480_5
}

/// Best window of each filter of group `g`: one-hot windows (n * windows, K * 20) times W.
fn scan(layout: &BagLayout, params: &Tensor, input: &BagInput, g: usize) -> Result<Tensor> {
    let (width, count) = (layout.shape().filters[g].width, layout.shape().filters[g].count);
    let part = |name: &str, shape: (usize, usize)| {
        let segment = layout.segment(&format!("filter.{g}.{name}")).expect("a filter");
        params.narrow(0, segment.offset, shape.0 * shape.1)?.reshape(shape)
    };
    let (weight, bias) = (part("weight", (width * 20, count))?, part("bias", (1, count))?);
    let terms = layout.shape().position.rows(width);
    let position = part("position", (terms, count))?;
    let mut best = Vec::new();
    for i in 0..input.sequences.len() {
        let sequence = input.sequences.get(i);
        let windows = sequence.len().max(width) - width + 1;
        let mut one_hot = vec![0.0_f32; windows * width * 20];
        let mut basis = Vec::new();
        for p in 0..windows {
            for (t, &residue) in sequence.iter().skip(p).take(width).enumerate() {
                one_hot[(p * width + t) * 20 + usize::from(residue)] = 1.0;
            }
            let row = layout.shape().position.basis(width, sequence.len(), p);
            basis.extend(row.into_iter().map(|value| value as f32));
        }
        let one_hot = Tensor::from_vec(one_hot, (windows, width * 20), params.device())?;
        let basis = Tensor::from_vec(basis, (windows, terms), params.device())?;
        let values = (one_hot.matmul(&weight)? + basis.matmul(&position)?)?; // (windows, C)
        // candle's `max` gives its gradient to every tied window.
        let first = values.argmax_keepdim(0)?;
        best.push(values.gather(&first, 0)?);
    }
    (Tensor::cat(&best, 0)? * f64::from(input.input_scale))?.broadcast_add(&bias)
}

/// The whole operation from candle's tensors: z (H, D).
fn composed(layout: &BagLayout, params: &Tensor, input: &BagInput) -> Result<Tensor> {
    let part = |name: &str| {
        let segment = layout.segment(name).expect("a segment of the shape");
        let flat = params.narrow(0, segment.offset, segment.range().len())?;
        flat.reshape(segment.shape.as_slice())
    };
    let device = params.device();
    let filters =
        Tensor::cat(&[scan(layout, params, input, 0)?, scan(layout, params, input, 1)?], 1)?;
    let rows = |genes: &[u16]| {
        Tensor::from_vec(genes.iter().map(|&g| u32::from(g)).collect(), genes.len(), device)
    };
    let v = part("gene.v")?.index_select(&rows(input.sequences.v)?, 0)?;
    let j = part("gene.j")?.index_select(&rows(input.sequences.j)?, 0)?;
    let e = Tensor::cat(&[selu(&filters)?, (v + j)?], 1)?; // (n, D)
    let mut key = e.clone();
    for l in 0..layout.shape().attention_layers {
        let weight = part(&format!("key.{l}.weight"))?;
        key = selu(&key.matmul(&weight)?.broadcast_add(&part(&format!("key.{l}.bias"))?)?)?;
    }
    let log_counts = Tensor::new(input.sequences.log_counts, device)?.unsqueeze(0)?; // (1, n)
    let bonus = part("gamma")?.unsqueeze(1)?.matmul(&log_counts)?; // (H, n)
    pool(layout.shape().heads, &part("query")?, (&key, &e), &bonus)
}

/// Hopfield pooling of embeddings `e` (n, D) by their keys (n, A): z (H, D). The queries (H, A) already
/// hold beta; `bonus` (H, n) is added to the scores.
fn pool(
    heads: usize,
    query: &Tensor,
    (key, e): (&Tensor, &Tensor),
    bonus: &Tensor,
) -> Result<Tensor> {
    let config = Config {
        stored_size: Some(key.dim(1)?),
        projection_size: Some(e.dim(1)?),
        hidden_size: Some(key.dim(1)?),
        heads,
        beta: Beta::Number(1.0),
        norm_stored: Norm::None,
        norm_state: Norm::None,
        norm_projection: Norm::None,
        stored: Projection::Static,
        values: ValueProjection::Static,
        bias: false,
        output_projection: false,
        ..Config::new(1)
    };
    // One state pattern, 1, that every head's matrix turns into its query.
    let one = Tensor::ones((1, 1), e.dtype(), e.device())?;
    let variables = [("state", one), ("state_projection.weight", query.reshape(((), 1))?)];
    let variables = variables.map(|(name, tensor)| (name.to_owned(), tensor)).into();
    let vb = VarBuilder::from_tensors(variables, e.dtype(), e.device());
    let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, vb)?;
    let (key, e) = (key.unsqueeze(0)?, e.unsqueeze(0)?);
    let bonus = bonus.unsqueeze(1)?; // (H, 1, n)
    let call = Call { association_mask: Some(&bonus), ..Call::default() };
    pooling.retrieve(&key, &e, call)?.output.reshape((heads, ()))
}

#[test]
fn the_operation_is_hopfield_pooling_of_what_candle_operations_embed() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let bins = PositionTerms::Bins { from_start: 3, from_end: 2 };
    for position in [PositionTerms::Ramps, bins] {
        let layout = Arc::new(BagLayout::new(shape(position)).unwrap());
        let params = Var::new(draw(layout.len(), &mut rng).as_slice(), &Device::Cpu)?;
        let dz = Tensor::from_vec(draw(2 * 7, &mut rng), (2, 7), &Device::Cpu)?;
        let own = Bag { repertoire: Arc::new(repertoire()), input_scale: 0.7, padded_length: 0 };
        let expected = composed(&layout, &params, &own.input())?;
        let z = bag(&params, BagOp::new(layout.clone(), vec![own]))?.squeeze(0)?;
        let gradient_of = |z: &Tensor| -> Result<Vec<f32>> {
            let grads = (z * &dz)?.sum_all()?.backward()?;
            grads.get(&params).expect("a gradient of the parameters").to_vec1()
        };
        let pairs = [
            (z.flatten_all()?.to_vec1::<f32>()?, expected.flatten_all()?.to_vec1::<f32>()?),
            (gradient_of(&z)?, gradient_of(&expected)?),
        ];
        for (got, want) in pairs {
            for (k, (got, want)) in got.iter().zip(&want).enumerate() {
                assert!((got - want).abs() < 2e-6, "{position:?} {k}: {got} != {want}");
            }
        }
    }
    Ok(())
}

#[test]
fn parameters_of_another_layout_are_refused() {
    let layout = Arc::new(BagLayout::new(shape(PositionTerms::None)).unwrap());
    let params = Tensor::new(&[0.0_f32; 3], &Device::Cpu).unwrap();
    let error = bag(&params, BagOp::new(layout.clone(), Vec::new())).unwrap_err().to_string();
    assert!(error.contains("bag: params [3]"), "{error}");
    assert!(error.contains(&format!("expected ({},)", layout.len())), "{error}");
}
