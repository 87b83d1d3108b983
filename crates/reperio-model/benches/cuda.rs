//! Sequences a second through the bag operation on a GPU: resident, and streamed from memory.
//!
//! Times are those of whole calls, with parameters copied, results back and everything waited for, over
//! bags so large that the kernels are nearly all of it. Answers are held to the CPU's first.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::alphabet::decode;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
use reperio_model::bag::cuda::Card;
use reperio_model::bag::{
    BagInput, BagLayout, BagShape, FilterGroup, PositionTerms, Windows, backward, forward,
};

/// Repertoires of a call, and sequences of each: a minibatch of deep samples.
const BAGS: usize = 8;
const N: usize = 1_000_000;
/// Calls of which the median counts, after two that warm up.
const CALLS: usize = 11;

/// The published network: 32 filters of 9 residues, three position channels, two layers of 32.
fn deeprc() -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 9, count: 32 }],
        windows: Windows::Full,
        position: PositionTerms::DeepRc,
        gene_dim: 0,
        v_genes: 1,
        j_genes: 1,
        attention_layers: 2,
        attention_width: 32,
        heads: 1,
        count_scaling: false,
    }
}

/// Ours: two widths, genes, position bins, four state patterns.
fn ours() -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 5, count: 16 }, FilterGroup { width: 8, count: 16 }],
        position: PositionTerms::Bins { from_start: 12, from_end: 12 },
        gene_dim: 16,
        v_genes: 60,
        j_genes: 14,
        heads: 4,
        ..deeprc()
    }
}

/// Junction-like sequences: 10 to 20 residues, 15 on average.
fn repertoire(rng: &mut ChaCha8Rng) -> EncodedRepertoire {
    let mut builder = Builder::default();
    for _ in 0..N / 10 {
        let length = rng.random_range(10..=20);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..20)).collect();
        builder.push(Row {
            junction_aa: &decode(&codes),
            v_call: &format!("V{:02}", rng.random_range(1..60)),
            j_call: &format!("J{:02}", rng.random_range(1..14)),
            duplicate_count: rng.random_range(1..20),
        });
    }
    let repertoire = builder.finish("bench".to_owned());
    let distinct = EncodedRepertoire::new(&repertoire, &GeneVocabulary::of([&repertoire]));
    let drawn: Vec<u32> = (0..N).map(|_| rng.random_range(0..distinct.len() as u32)).collect();
    distinct.gather(&drawn)
}

fn gap(got: &[f32], want: &[f32]) -> f64 {
    let squares = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|x| x * x).sum::<f64>();
    let mut differences = got.iter().zip(want).map(|(&a, &b)| f64::from(a) - f64::from(b));
    let norm = squares(&mut want.iter().map(|&b| f64::from(b)));
    (squares(&mut differences) / norm).sqrt()
}

/// Million sequences a second of `call`: the median, the slowest and the fastest.
fn rates(sequences: usize, mut call: impl FnMut()) -> [f64; 3] {
    let mut times = Vec::new();
    for k in 0..CALLS + 2 {
        let started = Instant::now();
        call();
        if k >= 2 {
            times.push(started.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    [times[CALLS / 2], times[CALLS - 1], times[0]].map(|time| sequences as f64 / time / 1e6)
}

fn measure(name: &str, card: &Card, (layout, params): (&BagLayout, &[f32]), bags: &[BagInput]) {
    let sequences = bags.iter().map(|bag| bag.repertoire.len()).sum();
    let pooled = card.forward(layout, params, bags).expect("the GPU works");
    let dz = vec![0.5; bags.len() * pooled[0].z.len()];
    let pull = || card.backward(layout, params, bags, (&pooled, &dz)).expect("the GPU works");
    let first = (&bags[..1], &pooled[..1], &dz[..pooled[0].z.len()]);
    let on_cpu = forward(layout, params, first.0);
    assert!(gap(&pooled[0].z, &on_cpu[0].z) < 1e-5, "z: {:e}", gap(&pooled[0].z, &on_cpu[0].z));
    let own = card.backward(layout, params, first.0, (first.1, first.2)).expect("the GPU works");
    let error = gap(&own, &backward(layout, params, first.0, &on_cpu, first.2));
    assert!(error < 2e-5, "gradient: {error:e}");
    let forward = rates(sequences, || {
        card.forward(layout, params, bags).expect("the GPU works");
    });
    let both = rates(sequences, || {
        card.forward(layout, params, bags).expect("the GPU works");
        pull();
    });
    for (what, [median, slowest, fastest]) in [("forward", forward), ("forward + backward", both)] {
        println!("{name:24} {what:20} {median:8.1} M/s ({slowest:.1} to {fastest:.1})");
    }
}

fn main() {
    let card = match Card::open(0) {
        Ok(card) => card,
        Err(err) => return println!("skipped: {err}"),
    };
    println!("{:?}", card.info());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let repertoires: Vec<_> = (0..BAGS).map(|_| repertoire(&mut rng)).collect();
    let mut bags = Vec::new();
    for repertoire in &repertoires {
        bags.push(BagInput { repertoire, input_scale: 1.0, padded_length: 0 });
    }
    for (name, shape) in [("published network", deeprc()), ("our default", ours())] {
        let layout = BagLayout::new(shape).expect("a valid shape");
        let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.2_f32..0.2)).collect();
        measure(name, &card, (&layout, &params), &bags);
        let streaming = Card::open_with(0, Some(N * 10)).expect("the GPU works");
        measure(&format!("{name}, streamed"), &streaming, (&layout, &params), &bags);
    }
}
