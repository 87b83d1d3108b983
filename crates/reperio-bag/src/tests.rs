//! The fast paths against the scalar twin, against each other, and against their own repetition.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

/// A bag operation with everything drawn.
#[derive(Debug)]
struct Case {
    layout: BagLayout,
    params: Vec<f32>,
    bags: Vec<(OwnedSequences, f32, usize)>,
    /// (B, H, D)
    dz: Vec<f32>,
}

impl Case {
    /// `sizes` sequences in each bag, of 1 to `longest` residues.
    fn draw(shape: BagShape, sizes: &[usize], longest: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layout = BagLayout::new(shape).unwrap();
        let shape = layout.shape();
        // Filter values on a grid have exact sums where nothing else rounds, so equal windows stay equal.
        let exact = !matches!(shape.position, PositionTerms::Ramps | PositionTerms::DeepRc)
            && !shape.count_scaling;
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
                if exact && segment.name.starts_with("filter") {
                    *value = (*value * 64.0).round() / 64.0;
                }
            }
        }
        let count_scaling = layout.shape().count_scaling;
        let bags: Vec<_> = sizes
            .iter()
            .map(|&n| {
                let sequences = draw_sequences(layout.shape(), n, longest, &mut rng);
                let scale = if count_scaling { 0.25 } else { 0.5 };
                (sequences, scale, longest.max(15) + 2)
            })
            .collect();
        let size = layout.shape().heads * layout.shape().embedding_dim() * bags.len();
        let dz = (0..size).map(|_| rng.random_range(-1.0..1.0)).collect();
        Self { layout, params, bags, dz }
    }

    fn inputs(&self) -> Vec<BagInput<'_>> {
        let mut inputs = Vec::with_capacity(self.bags.len());
        for &(ref own, input_scale, padded_length) in &self.bags {
            inputs.push(BagInput { sequences: own.view(), input_scale, padded_length });
        }
        inputs
    }

    fn wide(&self) -> Vec<f64> {
        self.params.iter().map(|&value| f64::from(value)).collect()
    }

    fn forward(&self, set: InstructionSet) -> Vec<Pooled> {
        forward_with(set, &self.layout, &self.params, &self.inputs())
    }

    fn backward(&self, set: InstructionSet) -> Vec<f32> {
        let pooled = self.forward(set);
        backward_with(set, &self.layout, &self.params, &self.inputs(), (&pooled, &self.dz))
    }

    /// Whether f32 could see another first maximum than f64: two windows that differ by rounding only.
    fn has_near_ties(&self) -> bool {
        let params = self.wide();
        for bag in self.inputs() {
            for i in 0..bag.sequences.len() {
                for g in 0..self.layout.shape().filters.len() {
                    let windows = scalar::window_values(&self.layout, &params, &bag, (i, g));
                    for c in 0..windows[0].len() {
                        let mut values: Vec<f64> = windows.iter().map(|window| window[c]).collect();
                        values.sort_by(f64::total_cmp);
                        values.dedup();
                        let [.., second, first] = values[..] else { continue };
                        if first - second < 1e-5 {
                            return true;
                        }
                    }
                }
            }
        }
        false
    }
}

/// `n` sequences of up to `longest` residues, some equal and some with unknown genes.
fn draw_sequences(
    shape: &BagShape,
    n: usize,
    longest: usize,
    rng: &mut ChaCha8Rng,
) -> OwnedSequences {
    let mut rows: Vec<(Vec<u8>, [u16; 2], f32)> = Vec::new();
    let mut drawn = OwnedSequences::default();
    for i in 0..n {
        let again = i > 0 && rng.random_range(0..4) == 0;
        let (codes, genes, log_count) = if again {
            rows[rng.random_range(0..i)].clone()
        } else {
            let length = rng.random_range(1..=longest);
            let codes = (0..length).map(|_| rng.random_range(0..RESIDUES)).collect();
            let genes =
                [shape.v_genes, shape.j_genes].map(|count| rng.random_range(0..count as u16));
            (codes, genes, f32::from(rng.random_range(1..20_u8)).ln())
        };
        drawn.push(&codes, genes, log_count);
        rows.push((codes, genes, log_count));
    }
    drawn
}

fn shapes() -> impl Strategy<Value = BagShape> {
    let group = |(width, count)| FilterGroup { width, count };
    let count = prop_oneof![1..=5_usize, Just(16), Just(17), Just(35)];
    let groups = prop::collection::vec((1..=15_usize, count.clone()).prop_map(group), 1..=3);
    let embedding = prop_oneof![
        2 => groups.prop_map(|filters| (filters, 0)),
        1 => count.prop_map(|units| (vec![], units)),
    ];
    let position = prop_oneof![
        Just(PositionTerms::None),
        Just(PositionTerms::Ramps),
        Just(PositionTerms::DeepRc),
        (1..=6_usize, 1..=6_usize)
            .prop_map(|(from_start, from_end)| PositionTerms::Bins { from_start, from_end }),
    ];
    let windows = prop_oneof![Just(Windows::Full), Just(Windows::Padded)];
    let genes = (prop_oneof![Just(0_usize), Just(3), Just(16), Just(20)], 1..=9_usize, 1..=4_usize);
    let attention =
        (1..=3_usize, prop_oneof![Just(1_usize), Just(8), Just(20), Just(32), Just(40)]);
    (embedding, position, windows, genes, attention, 1..=8_usize, any::<bool>()).prop_map(
        |(embedding, position, windows, genes, attention, heads, count_scaling)| BagShape {
            filters: embedding.0,
            lstm_units: embedding.1,
            windows,
            position,
            gene_dim: genes.0,
            v_genes: genes.1,
            j_genes: genes.2,
            attention_layers: attention.0,
            attention_width: attention.1,
            heads,
            count_scaling,
        },
    )
}

/// Filters of two widths without anything that rounds before the maximum.
fn exact_shape() -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 3, count: 18 }, FilterGroup { width: 6, count: 7 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::Bins { from_start: 4, from_end: 5 },
        gene_dim: 5,
        v_genes: 6,
        j_genes: 4,
        attention_layers: 2,
        attention_width: 24,
        heads: 3,
        count_scaling: false,
    }
}

/// An LSTM with lane padding and position terms.
fn lstm_shape() -> BagShape {
    BagShape { filters: vec![], lstm_units: 21, position: PositionTerms::DeepRc, ..exact_shape() }
}

fn norm(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Norm of the difference over the norm of `expected`.
fn gap(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let difference = got.iter().zip(expected).map(|(&got, want)| f64::from(got) - want);
    norm(difference) / norm(expected.iter().copied()).max(1e-30)
}

/// Whether each value is within 1e-5, absolute or relative.
fn is_close(got: &[f32], expected: &[f64]) -> bool {
    let close =
        |(&got, want): (&f32, &f64)| (f64::from(got) - want).abs() < 1e-5 * want.abs().max(1.0);
    got.iter().zip(expected).all(close)
}

/// Values and gradients of `case` against the twin; tolerances are relative, in the Euclidean norm of
/// each tensor, or of the whole gradient for tensors that hold little of it.
fn check_against_twin(case: &Case) {
    let (params, inputs) = (case.wide(), case.inputs());
    let pooled = case.forward(InstructionSet::detect());
    let size = case.dz.len() / inputs.len();
    let mut expected = vec![0.0; case.layout.len()];
    for ((bag, pooled), dz) in inputs.iter().zip(&pooled).zip(case.dz.chunks(size)) {
        let twin = scalar::forward(&case.layout, &params, bag);
        assert!(gap(&pooled.z, &twin.z) < 1e-5, "z: {}", gap(&pooled.z, &twin.z));
        assert!(is_close(&pooled.max, &twin.max), "max: {:?} {:?}", pooled.max, twin.max);
        assert!(gap(&pooled.sum, &twin.sum) < 1e-5, "sum: {:?} {:?}", pooled.sum, twin.sum);
        let dz: Vec<f64> = dz.iter().map(|&dz| f64::from(dz)).collect();
        let gradient = scalar::backward(&case.layout, &params, bag, &dz);
        expected.iter_mut().zip(gradient).for_each(|(sum, part)| *sum += part);
    }
    let gradient = case.backward(InstructionSet::detect());
    let whole = norm(expected.iter().copied());
    for segment in case.layout.segments() {
        let (got, want) = (&gradient[segment.range()], &expected[segment.range()]);
        let own = norm(want.iter().copied());
        let error = gap(got, want) * own;
        let limit = 2e-5 * own + 1e-6 * whole;
        assert!(error <= limit, "{}: error {error:e}, norm {own:e} of {whole:e}", segment.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_and_gradients_equal_the_twin(
        shape in shapes(),
        sizes in prop::collection::vec(prop_oneof![1..=40_usize, Just(64), Just(65)], 1..=2),
        longest in prop_oneof![1..=20_usize, Just(60)],
        seed in any::<u64>(),
    ) {
        let case = Case::draw(shape, &sizes, longest, seed);
        prop_assume!(!case.has_near_ties());
        check_against_twin(&case);
    }

    #[test]
    fn instruction_sets_agree(
        shape in shapes(),
        n in 1..=150_usize,
        longest in prop_oneof![1..=20_usize, Just(60)],
        seed in any::<u64>(),
    ) {
        let case = Case::draw(shape, &[n], longest, seed);
        prop_assume!(!case.has_near_ties());
        let portable = (case.forward(InstructionSet::Portable), case.backward(InstructionSet::Portable));
        let portable_z: Vec<f64> = portable.0[0].z.iter().map(|&z| f64::from(z)).collect();
        let portable_gradient: Vec<f64> = portable.1.iter().map(|&value| f64::from(value)).collect();
        // Rounding adds up over the steps of an LSTM.
        let limit = if case.layout.shape().lstm_units > 0 { 1e-5 } else { 1e-6 };
        let mut first = None;
        for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
            if set == InstructionSet::Portable {
                continue;
            }
            let (pooled, gradient) = (case.forward(set), case.backward(set));
            prop_assert!(gap(&pooled[0].z, &portable_z) < limit, "{set:?}");
            let gap = gap(&gradient, &portable_gradient);
            prop_assert!(gap < limit, "{set:?}: {gap:e}");
            let values = (pooled, gradient);
            prop_assert_eq!(first.get_or_insert_with(|| values.clone()), &values, "{:?}", set);
        }
    }
}

#[test]
fn chunks_and_parts_have_no_seams() {
    for n in [1, 15, 16, 17, 63, 64, 65, 128, 1023, 1024, 1025, 2047, 2049, 3100] {
        check_against_twin(&Case::draw(exact_shape(), &[n], 12, n as u64));
        check_against_twin(&Case::draw(lstm_shape(), &[n], 12, n as u64));
    }
}

#[test]
fn the_most_parts_have_no_seams() {
    check_against_twin(&Case::draw(exact_shape(), &[16 * 1024 + 17], 9, 5));
}

#[test]
fn threads_change_no_bit() {
    for shape in [exact_shape(), lstm_shape()] {
        check_threads(&Case::draw(shape, &[5000, 1, 2100, 40], 20, 11));
    }
}

fn check_threads(case: &Case) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let set = InstructionSet::detect();
            let pooled = case.forward(set);
            let head = &case.dz[..2 * case.dz.len() / 4];
            let bag = case.inputs()[0];
            let described = sequences(&case.layout, &case.params, &bag, &pooled[0], head);
            (pooled, case.backward(set), described)
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3));
}

#[test]
fn a_bag_alone_equals_the_bag_among_others() {
    for shape in [exact_shape(), lstm_shape()] {
        let case = Case::draw(shape, &[1500, 70, 0, 2100], 20, 12);
        let together = case.forward(InstructionSet::detect());
        for (bag, pooled) in case.inputs().into_iter().zip(together) {
            assert_eq!(forward(&case.layout, &case.params, &[bag]), [pooled]);
        }
    }
}

/// Lengths of a chunk differ as much as they can, and each sequence is as alone.
#[test]
fn an_lstm_embeds_a_sequence_alone_as_among_others() {
    let case = Case::draw(lstm_shape(), &[200], MAX_LENGTH, 13);
    let bag = case.inputs()[0];
    let together = embeddings(&case.layout, &case.params, &bag).values;
    let dim = case.layout.shape().embedding_dim();
    for (i, together) in together.chunks_exact(dim).enumerate() {
        let mut one = OwnedSequences::default();
        let (sequences, genes) = (bag.sequences, [bag.sequences.v[i], bag.sequences.j[i]]);
        one.push(sequences.get(i), genes, sequences.log_counts[i]);
        let alone = BagInput { sequences: one.view(), ..bag };
        assert_eq!(embeddings(&case.layout, &case.params, &alone).values, together, "{i}");
    }
    check_against_twin(&case);
}

#[test]
fn an_empty_bag_pools_to_zero_and_has_no_gradient() {
    let case = Case::draw(exact_shape(), &[0], 5, 3);
    let pooled = case.forward(InstructionSet::detect());
    assert_eq!(pooled[0].z, vec![0.0; 3 * 30]);
    assert_eq!(pooled[0].max, [f32::NEG_INFINITY; 3]);
    assert_eq!(pooled[0].sum, [0.0; 3]);
    assert_eq!(case.backward(InstructionSet::detect()), vec![0.0; case.layout.len()]);
    let empty = sequences(&case.layout, &case.params, &case.inputs()[0], &pooled[0], &case.dz);
    assert!(empty.scores.is_empty() && empty.attention.is_empty() && empty.evidence.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// The evidences of a repertoire are the linear head's value, and every number is the twin's.
    #[test]
    fn sequences_explain_their_repertoire(shape in shapes(), n in 1..=80_usize, seed in any::<u64>()) {
        let case = Case::draw(shape, &[n], 18, seed);
        prop_assume!(!case.has_near_ties());
        let (bag, params) = (case.inputs()[0], case.wide());
        let pooled = case.forward(InstructionSet::detect()).remove(0);
        let head: Vec<f32> = case.dz.iter().chain(&case.dz).copied().collect();
        let described = sequences(&case.layout, &case.params, &bag, &pooled, &head);
        let heads = case.layout.shape().heads;
        let logit: f64 = pooled.z.iter().zip(&case.dz).map(|(&z, &w)| f64::from(z) * f64::from(w)).sum();
        for t in 0..2 {
            let evidence: f64 = described.evidence.iter().skip(t).step_by(2).map(|&x| f64::from(x)).sum();
            prop_assert!((evidence - logit).abs() < 1e-4, "{evidence} != {logit}");
        }
        let embedded = embeddings(&case.layout, &case.params, &bag);
        for i in 0..n {
            let trace = scalar::trace(&case.layout, &params, &bag, i);
            let dim = trace.e.len();
            prop_assert!(is_close(&embedded.values[i * dim..(i + 1) * dim], &trace.e));
            prop_assert!(is_close(&described.scores[i * heads..(i + 1) * heads], &trace.scores));
            let channels = trace.starts.len();
            let starts = &embedded.starts[i * channels..(i + 1) * channels];
            let length = bag.sequences.get(i).len();
            for (&got, &want) in starts.iter().zip(&trace.starts) {
                prop_assert_eq!(usize::from(got), want.min(length));
            }
        }
        let attention: Vec<f64> = (0..heads)
            .map(|h| described.attention.iter().skip(h).step_by(heads).map(|&a| f64::from(a)).sum())
            .collect();
        prop_assert!(attention.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{attention:?}");
    }
}
