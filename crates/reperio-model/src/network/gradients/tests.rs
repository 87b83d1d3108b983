//! Shares against the evidence written out for any real-valued input, and against the network itself.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::evidence::segment;
use super::integral::Path;
use super::*;
use crate::bag::{
    BagInput, BagLayout, BagShape, Device, FilterGroup, OwnedSequences, PositionTerms,
    SequenceScores, Windows,
};
use crate::network::Weights;

/// Outputs of a network.
const OUTPUTS: usize = 2;

/// A network and a bag, with everything drawn.
#[derive(Debug)]
struct Case {
    weights: Weights,
    sequences: OwnedSequences,
    /// (H)
    origin: Vec<f64>,
    output: usize,
}

/// Any real-valued input x, (L, 20), in the place of a clonotype's residues.
#[derive(Clone, Copy)]
struct Input<'a> {
    clonotype: &'a Clonotype<'a>,
    x: &'a [[f64; 20]],
}

impl Case {
    /// `n` sequences; queries are `sharp` times as long as usual.
    fn draw(shape: BagShape, n: usize, sharp: f32, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layout = BagLayout::new(shape).unwrap();
        let shape = layout.shape().clone();
        let mut flat = vec![0.0; layout.len()];
        for segment in layout.segments() {
            let size = match segment.name.as_str() {
                "query" => sharp,
                name if name.starts_with("key") && name.ends_with("weight") => {
                    1.5 / (segment.shape[0] as f32).sqrt()
                }
                _ => 0.7,
            };
            flat[segment.range()].fill_with(|| size * rng.random_range(-1.0..1.0_f32));
        }
        let mut sequences = OwnedSequences::default();
        for _ in 0..n {
            let codes: Vec<u8> =
                (0..rng.random_range(1..=16)).map(|_| rng.random_range(0..20)).collect();
            let genes = [shape.v_genes, shape.j_genes].map(|n| rng.random_range(0..n as u16));
            sequences.push(&codes, genes, f32::from(rng.random_range(1..20_u8)).ln());
        }
        let mut values = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0_f32)).collect();
        let head: Vec<f32> = values(OUTPUTS * shape.heads * shape.embedding_dim());
        let origin: Vec<f32> = values(shape.heads);
        let origin = origin.into_iter().map(f64::from).collect();
        let layout = Arc::new(layout);
        let weights = Weights { layout, flat, head, bias: vec![0.0; OUTPUTS], device: Device::Cpu };
        Self { weights, sequences, origin, output: seed as usize % OUTPUTS }
    }

    fn input(&self) -> BagInput<'_> {
        BagInput { sequences: self.sequences.view(), input_scale: 0.5, padded_length: 18 }
    }

    fn scored(&self) -> SequenceScores {
        let input = self.input();
        let pooled = self.weights.pool(&[input]).remove(0);
        self.weights.sequences(&input, &pooled)
    }

    fn clonotype<'a>(&'a self, i: usize, scores: &SequenceScores) -> Clonotype<'a> {
        let (input, heads) = (self.input(), self.origin.len());
        let of = |h: usize| {
            let column = scores.attention.iter().skip(h).step_by(heads).map(|own| f64::from(*own));
            let others = column.enumerate().filter(|(at, _)| *at != i).map(|(_, own)| own).sum();
            [f64::from(scores.attention[i * heads + h]), others]
        };
        Clonotype {
            residues: input.sequences.get(i),
            genes: [input.sequences.v[i], input.sequences.j[i]],
            log_count: f64::from(input.sequences.log_counts[i]),
            input_scale: f64::from(input.input_scale),
            padded_length: input.padded_length,
            attention: (0..heads).map(of).collect(),
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::new(&self.weights, self.output, &self.origin)
    }

    fn parameter(&self, name: &str, at: usize) -> f64 {
        let own = self.weights.layout.segment(name).expect("a parameter");
        f64::from(self.weights.flat[own.offset + at])
    }

    /// The value of the window at `start` under one filter of a group, without bias and scale.
    fn window(&self, input: Input<'_>, (group, filter): (usize, usize), start: usize) -> f64 {
        let shape = self.weights.layout.shape();
        let FilterGroup { width, count } = shape.filters[group];
        let parameter = |name: &str, row: usize| {
            self.parameter(&format!("filter.{group}.{name}"), row * count + filter)
        };
        let mut sum = 0.0;
        for (row, basis) in shape.position.basis(width, input.x.len(), start).iter().enumerate() {
            sum += basis * parameter("position", row);
        }
        let factor = if shape.count_scaling { input.clonotype.log_count } else { 1.0 };
        for (tap, channels) in input.x.iter().skip(start).take(width).enumerate() {
            for (code, size) in channels.iter().enumerate().filter(|(_, size)| **size != 0.0) {
                sum += factor * size * parameter("weight", tap * 20 + code);
            }
        }
        sum
    }

    /// The last state of the LSTM on an input, by its formula; nothing without an LSTM.
    fn last_state(&self, Input { clonotype, x }: Input<'_>) -> Vec<f64> {
        let shape = self.weights.layout.shape();
        let units = shape.lstm_units;
        let factor = if shape.count_scaling { clonotype.log_count } else { 1.0 };
        let of =
            |name: &str| segment(&self.weights.layout, &self.weights.flat, &format!("lstm.{name}"));
        let (input, recurrent) = (of("input.weight"), of("recurrent.weight"));
        let (bias, position) = (of("bias"), of("position"));
        let (mut state, mut cell) = (vec![0.0; units], vec![0.0; units]);
        for (t, channels) in x.iter().enumerate() {
            let basis = shape.position.basis(1, x.len(), t);
            let gate = |gate: usize, u: usize| {
                let at = |row: usize| (row * 4 + gate) * units + u;
                let own = channels.iter().enumerate().map(|(r, size)| factor * size * input[at(r)]);
                let places = basis.iter().enumerate().map(|(r, basis)| basis * position[at(r)]);
                let before = state.iter().enumerate().map(|(v, h)| h * recurrent[at(v)]);
                let seen = own.sum::<f64>() + places.sum::<f64>();
                clonotype.input_scale * seen + before.sum::<f64>() + bias[at(0)] + bias[at(1)]
            };
            let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
            let next = (0..units).map(|u| {
                let kept = sigmoid(gate(1, u)) * cell[u];
                let cell = kept + sigmoid(gate(0, u)) * gate(2, u).tanh();
                (cell, sigmoid(gate(3, u)) * cell.tanh())
            });
            (cell, state) = next.collect();
        }
        state
    }

    /// The embedding of an input, by its formula.
    fn embedding(&self, clonotype: &Clonotype<'_>, x: &[[f64; 20]]) -> Vec<f64> {
        let shape = self.weights.layout.shape();
        let mut out = self.last_state(Input { clonotype, x });
        for (group, FilterGroup { width, count }) in shape.filters.iter().copied().enumerate() {
            let windows = match shape.windows {
                Windows::Full => x.len().max(width) - width + 1,
                Windows::Padded => clonotype.padded_length - width + 1,
            };
            for filter in 0..count {
                let input = Input { clonotype, x };
                let values = (0..windows).map(|at| self.window(input, (group, filter), at));
                let most = values.fold(f64::NEG_INFINITY, f64::max);
                let bias = self.parameter(&format!("filter.{group}.bias"), filter);
                out.push(selu(bias + clonotype.input_scale * most));
            }
        }
        for k in 0..shape.gene_dim {
            let of = |(name, gene): (&str, u16)| {
                self.parameter(name, usize::from(gene) * shape.gene_dim + k)
            };
            out.push(["gene.v", "gene.j"].into_iter().zip(clonotype.genes).map(of).sum());
        }
        out
    }

    /// Scores of an embedding without the part of the count, by their formula.
    fn scores(&self, e: &[f64]) -> Vec<f64> {
        let shape = self.weights.layout.shape();
        let width = shape.attention_width;
        let mut key = e.to_vec();
        for l in 0..shape.attention_layers {
            let unit = |a: usize| {
                let terms = key.iter().enumerate();
                let term = |(d, x): (usize, &f64)| {
                    x * self.parameter(&format!("key.{l}.weight"), d * width + a)
                };
                selu(self.parameter(&format!("key.{l}.bias"), a) + terms.map(term).sum::<f64>())
            };
            key = (0..width).map(unit).collect();
        }
        let of = |h: usize| {
            key.iter().enumerate().map(|(a, k)| k * self.parameter("query", h * width + a)).sum()
        };
        (0..shape.heads).map(of).collect()
    }

    /// The evidence of an input x (L, 20), by its formula.
    fn written_out(&self, clonotype: &Clonotype<'_>, x: &[[f64; 20]]) -> f64 {
        let e = self.embedding(clonotype, x);
        let own = self.scores(&self.embedding(clonotype, &one_hot(clonotype.residues, 1.0)));
        let scores = self.scores(&e);
        let mut sum = 0.0;
        for (h, [attention, others]) in clonotype.attention.iter().enumerate() {
            let grown = attention * (scores[h] - own[h]).exp();
            let first = (self.output * self.origin.len() + h) * e.len();
            let head = self.weights.head[first..].iter().copied().map(f64::from);
            let said: f64 = head.zip(&e).map(|(w, e)| w * e).sum();
            sum += grown / (others + grown) * (said - self.origin[h]);
        }
        sum
    }
}

fn selu(x: f64) -> f64 {
    1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * x.exp_m1() }
}

fn one_hot(residues: &[u8], size: f64) -> Vec<[f64; 20]> {
    let row = |residue: &u8| {
        let mut row = [0.0; 20];
        row[usize::from(*residue)] = size;
        row
    };
    residues.iter().map(row).collect()
}

fn shapes() -> impl Strategy<Value = BagShape> {
    let group = |(width, count)| FilterGroup { width, count };
    let groups = prop::collection::vec((1..=15_usize, 1..=5_usize).prop_map(group), 1..=2);
    let embedding = prop_oneof![
        2 => groups.prop_map(|filters| (filters, 0)),
        1 => (1..=5_usize).prop_map(|units| (vec![], units)),
    ];
    let position = prop_oneof![
        Just(PositionTerms::None),
        Just(PositionTerms::Ramps),
        Just(PositionTerms::DeepRc),
        (1..=6_usize, 1..=6_usize)
            .prop_map(|(from_start, from_end)| PositionTerms::Bins { from_start, from_end }),
    ];
    let windows = prop_oneof![Just(Windows::Full), Just(Windows::Padded)];
    let genes = prop_oneof![Just(0_usize), Just(3)];
    let attention = (1..=3_usize, 1..=8_usize, 1..=4_usize);
    (embedding, position, windows, genes, attention, any::<bool>()).prop_map(
        |(embedding, position, windows, gene_dim, attention, count_scaling)| BagShape {
            filters: embedding.0,
            lstm_units: embedding.1,
            windows,
            position,
            gene_dim,
            v_genes: 5,
            j_genes: 3,
            attention_layers: attention.0,
            attention_width: attention.1,
            heads: attention.2,
            count_scaling,
        },
    )
}

fn cases() -> impl Strategy<Value = Case> {
    let sharp = prop_oneof![Just(0.5_f32), Just(4.0), Just(30.0)];
    (shapes(), prop_oneof![Just(1_usize), 2..=12_usize], sharp, any::<u64>())
        .prop_map(|(shape, n, sharp, seed)| Case::draw(shape, n, sharp, seed))
}

/// What one rounding of the evidence may come to: the size of its terms.
fn size(case: &Case, clonotype: &Clonotype<'_>) -> f64 {
    let e = case.embedding(clonotype, &one_hot(clonotype.residues, 1.0));
    let of = |(h, [attention, _]): (usize, &[f64; 2])| {
        let first = (case.output * case.origin.len() + h) * e.len();
        let head = case.weights.head[first..].iter();
        let said: f64 = head.zip(&e).map(|(w, e)| (f64::from(*w) * e).abs()).sum();
        attention * (said + case.origin[h].abs())
    };
    clonotype.attention.iter().enumerate().map(of).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Before anything is spread: the end of the path is the network's evidence, its start that of no residues, and the
    /// integrals lead from one to the other.
    #[test]
    fn shares_and_rest_are_the_evidence(case in cases()) {
        let (scores, evidence) = (case.scored(), case.evidence());
        for i in 0..case.sequences.view().len() {
            let clonotype = case.clonotype(i, &scores);
            let heads = clonotype.attention.iter().zip(&case.origin);
            let shift: f64 = heads.map(|([own, _], c)| own * c).sum();
            let network = f64::from(scores.evidence[i * OUTPUTS + case.output]) - shift;
            let found = evidence.residues(&clonotype);
            let mut point = evidence.point();
            let end = Path::new(&evidence, &clonotype, &mut point).value(1.0, &mut point);
            prop_assert!((end - network).abs() < 1e-5 * size(&case, &clonotype).max(1e-30), "{end} != {network}");
            let none = case.written_out(&clonotype, &one_hot(clonotype.residues, 0.0));
            prop_assert!((found.rest - none).abs() < 1e-9 * none.abs().max(1.0), "{} != {none}", found.rest);
            let sum = found.rest + found.shares.iter().sum::<f64>();
            prop_assert!((sum - end).abs() < 1e-4 * end.abs().max(1.0), "{sum} != {end}");
            let complete = found.clone().complete(network);
            let sum = complete.rest + complete.shares.iter().sum::<f64>();
            prop_assert!((sum - network).abs() < 1e-12 * size(&case, &clonotype).max(1.0));
            prop_assert!(complete.error.abs() < 1e-3, "{}", complete.error);
        }
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences(case in cases(), r in 0.0..1.0_f64) {
        const STEP: f64 = 1e-6;
        let (scores, evidence) = (case.scored(), case.evidence());
        let clonotype = case.clonotype(0, &scores);
        let mut point = evidence.point();
        let path = Path::new(&evidence, &clonotype, &mut point);
        let value = path.value(r, &mut point);
        let x = one_hot(clonotype.residues, r);
        let want = case.written_out(&clonotype, &x);
        prop_assert!((value - want).abs() < 1e-9 * want.abs().max(1.0), "{value} != {want}");
        evidence.differentiate(&mut point);
        let analytic: Vec<f64> = point.gradient.iter().zip(&point.slopes).map(|(e, m)| e * m).collect();
        let filters = point.filters.clone();
        for (c, analytic) in analytic.into_iter().enumerate() {
            let mut moved = |step: f64| {
                point.filters.copy_from_slice(&filters);
                point.filters[c] += step;
                path.at_filters(&mut point)
            };
            let (up, down) = (moved(STEP) - value, value - moved(-STEP));
            // A kink within a step has two slopes, and the gradient is one of them.
            let (low, high) = (up.min(down) / STEP, up.max(down) / STEP);
            let slack = 1e-4 * analytic.abs().max(1.0);
            prop_assert!(low - slack < analytic && analytic < high + slack, "{low} {analytic} {high}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() })]

    /// The shares are the integral of the gradient by the one-hot residues, step by step.
    #[test]
    fn shares_are_integrated_gradients(case in cases()) {
        const STEPS: usize = 200;
        const STEP: f64 = 1e-6;
        let clonotype = case.clonotype(0, &case.scored());
        let found = case.evidence().residues(&clonotype).shares;
        let mut want = vec![0.0; clonotype.residues.len()];
        for k in 0..STEPS {
            let x = one_hot(clonotype.residues, (k as f64 + 0.5) / STEPS as f64);
            for (p, want) in want.iter_mut().enumerate() {
                let moved = |step: f64| {
                    let mut x = x.clone();
                    x[p][usize::from(clonotype.residues[p])] += step;
                    case.written_out(&clonotype, &x)
                };
                *want += (moved(STEP) - moved(-STEP)) / (2.0 * STEP) / STEPS as f64;
            }
        }
        let size: f64 = want.iter().map(|own| own.abs()).sum();
        for (found, want) in found.iter().zip(&want) {
            prop_assert!((found - want).abs() < 0.02 * size + 1e-6, "{found} != {want} of {size}");
        }
    }
}

#[test]
fn a_residue_that_no_maximum_sees_has_no_share() {
    let shape = BagShape {
        filters: vec![FilterGroup { width: 2, count: 1 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::None,
        gene_dim: 0,
        v_genes: 1,
        j_genes: 1,
        attention_layers: 1,
        attention_width: 3,
        heads: 1,
        count_scaling: false,
    };
    let mut case = Case::draw(shape, 0, 1.0, 4);
    case.weights.flat[..40].fill(0.0);
    case.weights.flat[5] = 1.0; // Residue 5 first,
    case.weights.flat[20 + 7] = 2.0; // residue 7 after it.
    case.sequences.push(&[1, 7, 5, 7, 9], [0, 0], 0.0);
    case.sequences.push(&[1, 2, 3], [0, 0], 0.0);
    let scores = case.scored();
    let found = case.evidence().residues(&case.clonotype(0, &scores));
    for at in [0, 1, 4] {
        assert!(found.shares[at].abs() < 1e-300, "{at}: {found:?}");
    }
    assert!(found.shares[2].abs() > 1e-3, "{found:?}");
    assert!((found.shares[3] - 2.0 * found.shares[2]).abs() < 1e-9, "{found:?}");
    let complete = found.complete(0.25);
    assert!(complete.shares[0].abs() < 1e-300, "nothing is spread to it: {complete:?}");
    let unseen = case.evidence().residues(&case.clonotype(1, &scores)).complete(0.25);
    assert!(unseen.shares.iter().all(|own| own.abs() < 1e-300), "{unseen:?}");
    assert!((unseen.rest - 0.25).abs() < 1e-12, "{unseen:?}");
}
