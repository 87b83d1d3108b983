//! Sequences a second through the bag operation on a GPU: resident, and streamed from memory.
//!
//! Times are those of whole calls, with parameters copied, results back and everything waited for, over
//! bags so large that the kernels are nearly all of it. Answers are held to the CPU's first.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_model::bag::cuda::Card;
use reperio_model::bag::{BagInput, BagLayout, backward, forward};

/// Repertoires of a call, and sequences of each: a minibatch of deep samples.
const BAGS: usize = 8;
const N: usize = 1_000_000;
/// Calls of which the median counts, after two that warm up.
const CALLS: usize = 11;

/// Drawn from a tenth as many, which are quicker to make.
fn repertoire(rng: &mut ChaCha8Rng) -> EncodedRepertoire {
    let distinct = common::repertoire(N / 10, rng);
    let drawn: Vec<u32> = (0..N).map(|_| rng.random_range(0..distinct.len() as u32)).collect();
    distinct.gather(&drawn)
}

fn gap(got: &[f32], want: &[f32]) -> f64 {
    let squares = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|x| x * x).sum::<f64>();
    let mut differences = got.iter().zip(want).map(|(&a, &b)| f64::from(a) - f64::from(b));
    let norm = squares(&mut want.iter().map(|&b| f64::from(b)));
    (squares(&mut differences) / norm).sqrt()
}

/// Million sequences per second of `call`: the median, the slowest and the fastest.
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
    for (name, shape) in common::shapes() {
        let layout = BagLayout::new(shape).expect("a valid shape");
        let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.2_f32..0.2)).collect();
        measure(name, &card, (&layout, &params), &bags);
        let streaming = Card::open_with(0, Some(N * 10)).expect("the GPU works");
        measure(&format!("{name}, streamed"), &streaming, (&layout, &params), &bags);
    }
}
