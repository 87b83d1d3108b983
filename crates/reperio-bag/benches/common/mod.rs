//! Networks and sequences that the benchmarks of the bag operation share.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reperio_bag::{BagShape, FilterGroup, OwnedSequences, PositionTerms, RESIDUES, Windows};

/// V and J genes, the unknown one included.
const GENES: (u16, u16) = (60, 14);

/// The sizes of `configs/deeprc.toml` (32 filters of 9 residues, three position channels, two layers of 32) over
/// full windows, and those of `configs/default.toml`.
pub(crate) fn shapes() -> [(&'static str, BagShape); 2] {
    let deeprc = BagShape {
        filters: vec![FilterGroup { width: 9, count: 32 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::DeepRc,
        gene_dim: 0,
        v_genes: GENES.0.into(),
        j_genes: GENES.1.into(),
        attention_layers: 2,
        attention_width: 32,
        heads: 1,
        count_scaling: false,
    };
    let default = BagShape {
        filters: vec![FilterGroup { width: 5, count: 16 }, FilterGroup { width: 8, count: 16 }],
        position: PositionTerms::Bins { from_start: 12, from_end: 12 },
        gene_dim: 16,
        heads: 4,
        ..deeprc.clone()
    };
    [("deeprc", deeprc), ("default", default)]
}

/// Junction-like sequences: 10 to 20 residues, 15 on average, in the order of a repertoire.
pub(crate) fn sequences(n: usize, rng: &mut ChaCha8Rng) -> OwnedSequences {
    let mut rows: Vec<(Vec<u8>, [u16; 2], u8)> = Vec::with_capacity(n);
    for _ in 0..n {
        let length = rng.random_range(10..=20);
        let codes = (0..length).map(|_| rng.random_range(0..RESIDUES)).collect();
        let genes = [rng.random_range(1..GENES.0), rng.random_range(1..GENES.1)];
        rows.push((codes, genes, rng.random_range(1..20)));
    }
    rows.sort();
    let mut sequences = OwnedSequences::default();
    for (codes, genes, count) in rows {
        sequences.push(&codes, genes, f32::from(count).ln());
    }
    sequences
}
