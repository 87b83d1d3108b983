//! A bag of a million sequences trains in memory that does not depend on its size.
//!
//! A program of its own: the peak of a process counts everything that ran in it.

use std::fs;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::alphabet::decode;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, Row};
use reperio_model::bag::{
    BagInput, BagLayout, BagShape, FilterGroup, PositionTerms, Windows, backward, forward,
};

/// Bound on what a forward and a backward pass may add.
const LIMIT_MEGABYTES: f64 = 300.0;

#[test]
fn a_million_sequences_train_within_300_megabytes() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut builder = Builder::default();
    for _ in 0..10_000 {
        let length = rng.random_range(8..=24);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..20)).collect();
        let junction_aa = &decode(&codes);
        builder.push(Row {
            junction_aa: JunctionAa::new(junction_aa).expect("amino acids"),
            v_call: "TRBV9",
            j_call: "",
            duplicate_count: 1,
        });
    }
    let distinct = builder.finish("large".to_owned());
    let distinct = EncodedRepertoire::new(&distinct, distinct.genes());
    let drawn: Vec<u32> = (0..1_000_000).map(|i| i % distinct.len() as u32).collect();
    let repertoire = distinct.gather(&drawn);
    let layout = BagLayout::new(BagShape {
        filters: vec![FilterGroup { width: 5, count: 32 }, FilterGroup { width: 9, count: 32 }],
        windows: Windows::Full,
        position: PositionTerms::Ramps,
        gene_dim: 16,
        v_genes: 2,
        j_genes: 1,
        attention_layers: 2,
        attention_width: 32,
        heads: 8,
        count_scaling: false,
    })
    .unwrap();
    let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.1..0.1)).collect();
    let bags = [BagInput { repertoire: &repertoire, input_scale: 1.0, padded_length: 0 }];

    let Some(before) = megabytes("VmRSS") else {
        println!("skipped: the system does not tell the memory of a process");
        return;
    };
    let pooled = forward(&layout, &params, &bags);
    let dz = vec![1.0; pooled[0].z.len()];
    let gradient = backward(&layout, &params, &bags, &pooled, &dz);
    assert!(gradient.iter().all(|value| value.is_finite()));
    let added = megabytes("VmHWM").unwrap() - before;
    println!("{added:.1} MB above {before:.1} MB");
    assert!(added < LIMIT_MEGABYTES, "{added} MB");
}

/// A line of this process's status, in megabytes.
fn megabytes(key: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(key))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
