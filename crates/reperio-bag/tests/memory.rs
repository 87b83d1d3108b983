//! A bag of a million sequences trains in memory that does not depend on its size.
//!
//! A program of its own: the peak of a process counts everything that ran in it.

#![cfg(target_os = "linux")] // Only there a process tells its memory.

use std::fs;
use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_bag::{
    BagInput, BagLayout, BagShape, FilterGroup, OwnedSequences, PositionTerms, Windows, backward,
    forward,
};

/// What a forward and a backward pass add on two threads: three megabytes, most of them the gradients of the parts. Two
/// bytes for each sequence would be seen.
const MEGABYTES: Range<f64> = 1.0..4.0;
/// The same with an LSTM of 32 units: it keeps the states of a chunk, and has more gradients.
const OF_AN_LSTM: Range<f64> = 1.0..16.0;

#[test]
fn a_million_sequences_train_within_a_few_megabytes() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut million = OwnedSequences::default();
    for _ in 0..1_000_000 {
        let length = rng.random_range(8..=24);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..20)).collect();
        million.push(&codes, [1, 0], 0.0);
    }
    let shape = BagShape {
        filters: vec![FilterGroup { width: 5, count: 32 }, FilterGroup { width: 9, count: 32 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::Ramps,
        gene_dim: 16,
        v_genes: 2,
        j_genes: 1,
        attention_layers: 2,
        attention_width: 32,
        heads: 8,
        count_scaling: false,
    };
    let lstm = BagShape { filters: vec![], lstm_units: 32, ..shape.clone() };
    for (shape, allowed) in [(shape, MEGABYTES), (lstm, OF_AN_LSTM)] {
        let layout = BagLayout::new(shape).unwrap();
        let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.1..0.1)).collect();
        let bags = [BagInput { sequences: million.view(), input_scale: 1.0, padded_length: 0 }];

        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        // Writing 5 makes the peak the present size.
        fs::write("/proc/self/clear_refs", "5").expect("Linux lets it");
        let before = megabytes("VmRSS");
        let gradient = pool.install(|| {
            let pooled = forward(&layout, &params, &bags);
            let dz = vec![1.0; pooled[0].z.len()];
            backward(&layout, &params, &bags, &pooled, &dz)
        });
        assert!(gradient.iter().all(|value| value.is_finite()));
        let added = megabytes("VmHWM") - before;
        println!("{added:.1} MB above {before:.1} MB");
        assert!(allowed.contains(&added), "{added} MB");
    }
}

/// A line of this process's status, in megabytes.
fn megabytes(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with(key)).expect("a line of memory");
    let number = line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
    number.expect("kilobytes") / 1024.0
}
