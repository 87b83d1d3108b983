//! The GPU against the CPU, and against its own repetition, on random bags. Skips where no GPU works.

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_bag::cuda::Gpu;
use reperio_bag::{
    BagInput, BagLayout, BagShape, FilterGroup, InstructionSet, OwnedSequences, Pooled,
    PositionTerms, RESIDUES, Sequences, Windows, backward, embeddings, forward, sequences,
};

/// Largest difference between GPU and CPU, relative to the norm of what is compared.
const TOLERANCE: f64 = 1e-5;
/// Random shapes.
const CASES: u64 = 40;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn gpu() -> Option<Gpu> {
    match Gpu::open(0) {
        Ok(gpu) => Some(gpu),
        Err(err) => {
            println!("skipped: {err}");
            None
        }
    }
}

fn shape(rng: &mut ChaCha8Rng) -> BagShape {
    let count = |rng: &mut ChaCha8Rng| [1, 3, 5, 16, 17, 32, 35][rng.random_range(0..7)];
    let filters = (0..rng.random_range(1..=3))
        .map(|_| FilterGroup { width: rng.random_range(1..=15), count: count(rng) })
        .collect();
    let bins = PositionTerms::Bins {
        from_start: rng.random_range(1..=6),
        from_end: rng.random_range(1..=6),
    };
    let terms = [PositionTerms::None, PositionTerms::Ramps, PositionTerms::DeepRc, bins];
    BagShape {
        filters,
        lstm_units: 0,
        windows: [Windows::Full, Windows::Padded][rng.random_range(0..2)],
        position: terms[rng.random_range(0..4)],
        gene_dim: [0, 3, 16, 40][rng.random_range(0..4)],
        v_genes: rng.random_range(1..=9),
        j_genes: rng.random_range(1..=4),
        attention_layers: rng.random_range(1..=3),
        attention_width: [1, 8, 20, 32, 40][rng.random_range(0..5)],
        heads: rng.random_range(1..=8),
        count_scaling: rng.random_range(0..2) == 1,
    }
}

/// The network of the published figures, with genes.
fn usual_shape() -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 5, count: 16 }, FilterGroup { width: 9, count: 16 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::Bins { from_start: 12, from_end: 12 },
        gene_dim: 16,
        v_genes: 60,
        j_genes: 14,
        attention_layers: 2,
        attention_width: 32,
        heads: 4,
        count_scaling: false,
    }
}

/// `n` sequences of up to `longest` residues, some with unknown genes.
fn sequences_of(
    shape: &BagShape,
    n: usize,
    longest: usize,
    rng: &mut ChaCha8Rng,
) -> OwnedSequences {
    let mut drawn = OwnedSequences::default();
    for _ in 0..n {
        let length = rng.random_range(1..=longest);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..RESIDUES)).collect();
        let genes = [shape.v_genes, shape.j_genes].map(|count| rng.random_range(0..count as u16));
        drawn.push(&codes, genes, f32::from(rng.random_range(1..20_u8)).ln());
    }
    drawn
}

struct Case {
    layout: BagLayout,
    params: Vec<f32>,
    bags: Vec<OwnedSequences>,
    longest: usize,
    /// (B, H, D)
    dz: Vec<f32>,
}

impl Case {
    fn draw(shape: BagShape, sizes: &[usize], longest: usize, rng: &mut ChaCha8Rng) -> Self {
        let layout = BagLayout::new(shape).expect("a valid shape");
        let mut params = vec![0.0; layout.len()];
        for segment in layout.segments() {
            let fan_in = match segment.name.as_str() {
                name if name.ends_with("weight") => segment.shape[0],
                "query" => 4 * segment.shape[1],
                "gamma" => 16,
                _ => 1,
            };
            for value in &mut params[segment.range()] {
                *value = rng.random_range(-1.0..1.0) / (fan_in as f32).sqrt();
            }
        }
        let bags: Vec<_> =
            sizes.iter().map(|&n| sequences_of(layout.shape(), n, longest, rng)).collect();
        let size = layout.shape().heads * layout.shape().embedding_dim() * sizes.len();
        let dz = (0..size).map(|_| rng.random_range(-1.0..1.0)).collect();
        Self { layout, params, bags, longest, dz }
    }

    fn inputs(&self) -> Vec<BagInput<'_>> {
        let padded_length = self.longest.max(15) + 2;
        let mut inputs = Vec::new();
        for (b, own) in self.bags.iter().enumerate() {
            let input_scale = 0.25 + 0.25 * b as f32;
            inputs.push(BagInput { sequences: own.view(), input_scale, padded_length });
        }
        inputs
    }
}

/// Distance of two vectors, relative to the second.
fn gap(got: &[f32], want: &[f32]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let mut pairs = got.iter().zip(want).map(|(&a, &b)| f64::from(a) - f64::from(b));
    norm(&mut pairs) / norm(&mut want.iter().map(|&x| f64::from(x))).max(1e-12)
}

/// Holds a case on `gpu` to the CPU; what is repeated must have the same bits.
fn check(gpu: &Gpu, case: &Case) {
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let what = format!("{:?}", layout.shape());
    check_embeddings(gpu, case, &what);
    let expected = forward(layout, params, &inputs);
    let pooled = gpu.forward(layout, params, &inputs).expect("the GPU works");
    assert_eq!(gpu.forward(layout, params, &inputs).expect("the GPU works"), pooled, "{what}");
    for (got, want) in pooled.iter().zip(&expected) {
        let gaps = [gap(&got.z, &want.z), gap(&got.sum, &want.sum)];
        assert!(gaps.iter().all(|&gap| gap < TOLERANCE), "{gaps:?}: {what}");
        for (got, want) in got.max.iter().zip(&want.max) {
            // -inf for an empty bag.
            let close = (got - want).abs() < 1e-5 * (1.0 + want.abs());
            assert!(got.to_bits() == want.to_bits() || close, "{got} {want}: {what}");
        }
    }
    let gradient =
        gpu.backward(layout, params, &inputs, (&expected, &case.dz)).expect("the GPU works");
    let again =
        gpu.backward(layout, params, &inputs, (&expected, &case.dz)).expect("the GPU works");
    assert_eq!(gradient, again, "{what}");
    let want = backward(layout, params, &inputs, &expected, &case.dz);
    let whole = gap(&gradient, &want);
    assert!(whole < TOLERANCE, "gradient {whole:e}: {what}");
    let size: f64 = want.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    for segment in layout.segments() {
        let (got, want) = (&gradient[segment.range()], &want[segment.range()]);
        let own: f64 = want.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let error = gap(got, want) * own;
        let limit = TOLERANCE * own + 1e-6 * size;
        assert!(error <= limit, "{} {error:e} > {limit:e}: {what}", segment.name);
    }
    check_sequences(gpu, case, &expected, &what);
}

/// Every sum before the softmax runs in the CPU's order, so embeddings and windows are equal to the bit.
fn check_embeddings(gpu: &Gpu, case: &Case, what: &str) {
    for bag in case.inputs() {
        let got = gpu.embeddings(&case.layout, &case.params, &bag).expect("the GPU works");
        let want = embeddings(&case.layout, &case.params, &bag);
        if InstructionSet::detect() == InstructionSet::Portable {
            assert!(gap(&got.values, &want.values) < TOLERANCE, "{what}");
        } else {
            assert_eq!(got, want, "{what}");
        }
    }
}

fn check_sequences(gpu: &Gpu, case: &Case, pooled: &[Pooled], what: &str) {
    let (bag, size) = (case.inputs()[0], case.dz.len() / case.bags.len());
    let head = [&case.dz[..size], &case.dz[..size]].concat();
    let want = sequences(&case.layout, &case.params, &bag, &pooled[0], &head);
    let describe = || {
        gpu.sequences(&case.layout, &case.params, &bag, (&pooled[0], &head)).expect("the GPU works")
    };
    let got = describe();
    assert_eq!(got, describe(), "{what}");
    let gaps = [
        gap(&got.scores, &want.scores),
        gap(&got.attention, &want.attention),
        gap(&got.evidence, &want.evidence),
    ];
    assert!(gaps.iter().all(|&gap| gap < TOLERANCE), "{gaps:?}: {what}");
}

#[test]
fn random_bags_agree_with_the_cpu() {
    let Some(gpu) = gpu() else { return };
    for seed in 0..CASES {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let longest = [5, 15, 20, 60][rng.random_range(0..4)];
        let sizes: Vec<usize> =
            (0..rng.random_range(1..=3)).map(|_| rng.random_range(1..=150)).collect();
        check(&gpu, &Case::draw(shape(&mut rng), &sizes, longest, &mut rng));
    }
}

#[test]
fn tiles_and_parts_have_no_seams() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for sizes in [&[1, 7, 8, 9][..], &[63, 64, 65, 0, 127], &[128, 129, 1000], &[33_000]] {
        check(&gpu, &Case::draw(usual_shape(), sizes, 20, &mut rng));
    }
}

#[test]
fn a_bag_alone_equals_the_bag_among_others() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let case = Case::draw(usual_shape(), &[700, 3, 0, 260], 20, &mut rng);
    let together = gpu.forward(&case.layout, &case.params, &case.inputs()).unwrap();
    for (bag, pooled) in case.inputs().into_iter().zip(together) {
        assert_eq!(gpu.forward(&case.layout, &case.params, &[bag]).unwrap(), [pooled]);
    }
}

#[test]
fn an_empty_bag_pools_to_zero_and_has_no_gradient() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let case = Case::draw(usual_shape(), &[0], 20, &mut rng);
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let pooled = gpu.forward(layout, params, &inputs).unwrap();
    assert_eq!(pooled, forward(layout, params, &inputs));
    let gradient = gpu.backward(layout, params, &inputs, (&pooled, &case.dz)).unwrap();
    assert_eq!(gradient, vec![0.0; layout.len()]);
    let described = gpu.sequences(layout, params, &inputs[0], (&pooled[0], &case.dz)).unwrap();
    assert!(described.scores.is_empty() && described.evidence.is_empty());
}

/// With room for nothing a repertoire streams, part after part; with room for one it is dropped and
/// copied again.
#[test]
fn too_little_memory_changes_no_bit() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let case = Case::draw(usual_shape(), &[1500, 300, 900], 20, &mut rng);
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let pooled = gpu.forward(layout, params, &inputs).unwrap();
    let gradient = gpu.backward(layout, params, &inputs, (&pooled, &case.dz)).unwrap();
    for memory in [0, 20_000, 60_000] {
        let small = Gpu::open_with(0, Some(memory)).unwrap();
        for _ in 0..2 {
            assert_eq!(small.forward(layout, params, &inputs).unwrap(), pooled, "{memory}");
            let again = small.backward(layout, params, &inputs, (&pooled, &case.dz)).unwrap();
            assert!(gap(&again, &gradient) < 1e-6, "{memory}: {:e}", gap(&again, &gradient));
        }
        check_sequences(&small, &case, &pooled, "streamed");
    }
}

#[test]
fn a_network_beyond_shared_memory_reads_its_tables_from_the_card_s() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let filters = vec![FilterGroup { width: 12, count: 150 }, FilterGroup { width: 15, count: 90 }];
    let shape = BagShape { filters, attention_width: 64, heads: 8, ..usual_shape() };
    check(&gpu, &Case::draw(shape, &[200, 40], 30, &mut rng));
}

#[test]
fn genes_outside_the_vocabulary_are_refused() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let case = Case::draw(usual_shape(), &[200], 20, &mut rng);
    let small = BagLayout::new(BagShape { v_genes: 2, ..usual_shape() }).unwrap();
    let params = vec![0.0; small.len()];
    let refused = std::panic::catch_unwind(|| gpu.forward(&small, &params, &case.inputs()));
    let message = message(refused.unwrap_err());
    assert!(message.contains("of a vocabulary of 2"), "{message}");
    gpu.forward(&case.layout, &case.params, &case.inputs()).unwrap();
}

/// A kernel would read beyond what such columns say.
#[test]
fn columns_that_do_not_fit_are_refused_before_they_are_copied() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let case = Case::draw(usual_shape(), &[200], 20, &mut rng);
    let input = case.inputs()[0];
    let (mut residues, shorter) = (input.sequences.residues.to_vec(), OwnedSequences::default());
    residues[11] = RESIDUES;
    let (own, other) = (Arc::default(), shorter.view().offsets);
    for (wrong, expected) in [
        (Sequences { residues: &residues, identity: &own, ..input.sequences }, "a residue code"),
        (Sequences { offsets: other, identity: &own, ..input.sequences }, "offsets (n + 1)"),
        (
            Sequences { max_length: 3, identity: &own, ..input.sequences },
            "a sequence has not 1 to 3",
        ),
        (shorter_by_one(&input.sequences), "sequences of one token"),
    ] {
        gpu.forward(&case.layout, &case.params, &[input]).unwrap();
        let bag = BagInput { sequences: wrong, ..input };
        let refused = std::panic::catch_unwind(|| gpu.forward(&case.layout, &case.params, &[bag]));
        let message = message(refused.unwrap_err());
        assert!(message.contains(expected), "{message}");
    }
}

/// All but the last sequence.
fn shorter_by_one<'a>(all: &Sequences<'a>) -> Sequences<'a> {
    let n = all.len() - 1;
    Sequences {
        offsets: &all.offsets[..=n],
        v: &all.v[..n],
        j: &all.j[..n],
        log_counts: &all.log_counts[..n],
        ..*all
    }
}

/// What a panic says.
fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => (*other.downcast::<&str>().expect("a panic's text")).to_owned(),
    }
}
