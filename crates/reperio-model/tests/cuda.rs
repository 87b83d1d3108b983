//! The GPU against the CPU, and against its own repetition, on random bags. Skips where no GPU works.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::alphabet::decode;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
use reperio_model::bag::cuda::Card;
use reperio_model::bag::{
    BagInput, BagLayout, BagShape, FilterGroup, InstructionSet, Pooled, PositionTerms, Windows,
    backward, embeddings, forward, sequences,
};

/// Largest difference between GPU and CPU, relative to the norm of what is compared.
const TOLERANCE: f64 = 1e-5;
/// Random shapes.
const CASES: u64 = 40;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn card() -> Option<Card> {
    match Card::open(0) {
        Ok(card) => Some(card),
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
fn repertoire(
    shape: &BagShape,
    n: usize,
    longest: usize,
    rng: &mut ChaCha8Rng,
) -> EncodedRepertoire {
    let names = |prefix: &str, count: usize| {
        let known = (1..count).map(|k| format!("{prefix}{k:03}"));
        std::iter::once(String::new()).chain(known).collect::<Vec<_>>()
    };
    let genes = GeneVocabulary { v: names("V", shape.v_genes), j: names("J", shape.j_genes) };
    let mut builder = Builder::default();
    for _ in 0..n.clamp(1, 2000) {
        let length = rng.random_range(1..=longest);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..20)).collect();
        let (v, j) = (rng.random_range(0..=shape.v_genes), rng.random_range(0..=shape.j_genes));
        builder.push(Row {
            junction_aa: JunctionAa::new(&decode(&codes)).expect("amino acids"),
            v_call: &format!("V{v:03}"),
            j_call: &format!("J{j:03}"),
            duplicate_count: rng.random_range(1..20),
        });
    }
    let distinct = EncodedRepertoire::new(&builder.finish("r".to_owned()), &genes);
    let drawn: Vec<u32> = (0..n).map(|_| rng.random_range(0..distinct.len() as u32)).collect();
    distinct.gather(&drawn)
}

struct Case {
    layout: BagLayout,
    params: Vec<f32>,
    repertoires: Vec<EncodedRepertoire>,
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
        let repertoires: Vec<_> =
            sizes.iter().map(|&n| repertoire(layout.shape(), n, longest, rng)).collect();
        let size = layout.shape().heads * layout.shape().embedding_dim() * sizes.len();
        let dz = (0..size).map(|_| rng.random_range(-1.0..1.0)).collect();
        Self { layout, params, repertoires, longest, dz }
    }

    fn inputs(&self) -> Vec<BagInput<'_>> {
        let padded_length = self.longest.max(15) + 2;
        let mut inputs = Vec::new();
        for (b, repertoire) in self.repertoires.iter().enumerate() {
            let input_scale = 0.25 + 0.25 * b as f32;
            inputs.push(BagInput { repertoire, input_scale, padded_length });
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

/// Holds a case on `card` to the CPU; what is repeated must have the same bits.
fn check(card: &Card, case: &Case) {
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let what = format!("{:?}", layout.shape());
    check_embeddings(card, case, &what);
    let expected = forward(layout, params, &inputs);
    let pooled = card.forward(layout, params, &inputs).expect("the GPU works");
    assert_eq!(card.forward(layout, params, &inputs).expect("the GPU works"), pooled, "{what}");
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
        card.backward(layout, params, &inputs, (&expected, &case.dz)).expect("the GPU works");
    let again =
        card.backward(layout, params, &inputs, (&expected, &case.dz)).expect("the GPU works");
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
    check_sequences(card, case, &expected, &what);
}

/// Every sum before the softmax runs in the CPU's order, so embeddings and windows are equal to the bit.
fn check_embeddings(card: &Card, case: &Case, what: &str) {
    for bag in case.inputs() {
        let got = card.embeddings(&case.layout, &case.params, &bag).expect("the GPU works");
        let want = embeddings(&case.layout, &case.params, &bag);
        if InstructionSet::detect() == InstructionSet::Portable {
            assert!(gap(&got.values, &want.values) < TOLERANCE, "{what}");
        } else {
            assert_eq!(got, want, "{what}");
        }
    }
}

fn check_sequences(card: &Card, case: &Case, pooled: &[Pooled], what: &str) {
    let (bag, size) = (case.inputs()[0], case.dz.len() / case.repertoires.len());
    let head = [&case.dz[..size], &case.dz[..size]].concat();
    let want = sequences(&case.layout, &case.params, &bag, &pooled[0], &head);
    let describe = || {
        card.sequences(&case.layout, &case.params, &bag, (&pooled[0], &head))
            .expect("the GPU works")
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
    let Some(card) = card() else { return };
    for seed in 0..CASES {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let longest = [5, 15, 20, 60][rng.random_range(0..4)];
        let sizes: Vec<usize> =
            (0..rng.random_range(1..=3)).map(|_| rng.random_range(1..=150)).collect();
        check(&card, &Case::draw(shape(&mut rng), &sizes, longest, &mut rng));
    }
}

#[test]
fn tiles_and_parts_have_no_seams() {
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for sizes in [&[1, 7, 8, 9][..], &[63, 64, 65, 0, 127], &[128, 129, 1000], &[33_000]] {
        check(&card, &Case::draw(usual_shape(), sizes, 20, &mut rng));
    }
}

#[test]
fn a_bag_alone_equals_the_bag_among_others() {
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let case = Case::draw(usual_shape(), &[700, 3, 0, 260], 20, &mut rng);
    let together = card.forward(&case.layout, &case.params, &case.inputs()).unwrap();
    for (bag, pooled) in case.inputs().into_iter().zip(together) {
        assert_eq!(card.forward(&case.layout, &case.params, &[bag]).unwrap(), [pooled]);
    }
}

#[test]
fn an_empty_bag_pools_to_zero_and_has_no_gradient() {
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let case = Case::draw(usual_shape(), &[0], 20, &mut rng);
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let pooled = card.forward(layout, params, &inputs).unwrap();
    assert_eq!(pooled, forward(layout, params, &inputs));
    let gradient = card.backward(layout, params, &inputs, (&pooled, &case.dz)).unwrap();
    assert_eq!(gradient, vec![0.0; layout.len()]);
    let described = card.sequences(layout, params, &inputs[0], (&pooled[0], &case.dz)).unwrap();
    assert!(described.scores.is_empty() && described.evidence.is_empty());
}

/// With room for nothing a repertoire streams, part after part; with room for one it is dropped and
/// copied again.
#[test]
fn too_little_memory_changes_no_bit() {
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let case = Case::draw(usual_shape(), &[1500, 300, 900], 20, &mut rng);
    let (layout, params, inputs) = (&case.layout, &case.params[..], case.inputs());
    let pooled = card.forward(layout, params, &inputs).unwrap();
    let gradient = card.backward(layout, params, &inputs, (&pooled, &case.dz)).unwrap();
    for memory in [0, 20_000, 60_000] {
        let small = Card::open_with(0, Some(memory)).unwrap();
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
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let filters = vec![FilterGroup { width: 12, count: 150 }, FilterGroup { width: 15, count: 90 }];
    let shape = BagShape { filters, attention_width: 64, heads: 8, ..usual_shape() };
    check(&card, &Case::draw(shape, &[200, 40], 30, &mut rng));
}

#[test]
fn genes_outside_the_vocabulary_are_refused() {
    let Some(card) = card() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let case = Case::draw(usual_shape(), &[200], 20, &mut rng);
    let small = BagLayout::new(BagShape { v_genes: 2, ..usual_shape() }).unwrap();
    let params = vec![0.0; small.len()];
    let refused = std::panic::catch_unwind(|| card.forward(&small, &params, &case.inputs()));
    let message = *refused.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("of a vocabulary of 2"), "{message}");
    card.forward(&case.layout, &case.params, &case.inputs()).unwrap();
}
