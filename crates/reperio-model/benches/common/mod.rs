//! Networks and sequences that the benchmarks of the bag operation share.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reperio_data::alphabet::decode;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
use reperio_model::bag::{BagShape, Windows};
use reperio_model::config::Config;

/// V and J genes, the unknown one included.
const GENES: (usize, usize) = (60, 14);

/// The published sizes (32 filters of 9 residues, three position channels, two layers of 32) over full
/// windows, and the default network.
pub(crate) fn shapes() -> [(&'static str, BagShape); 2] {
    let shape = |config: &Config| config.model.shape(GENES.0, GENES.1);
    let published = BagShape { windows: Windows::Full, ..shape(&Config::deeprc()) };
    [("deeprc", published), ("default", shape(&Config::default()))]
}

/// Junction-like sequences: 10 to 20 residues, 15 on average.
pub(crate) fn repertoire(n: usize, rng: &mut ChaCha8Rng) -> EncodedRepertoire {
    let mut builder = Builder::default();
    for _ in 0..n {
        let length = rng.random_range(10..=20);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..20)).collect();
        builder.push(Row {
            junction_aa: JunctionAa::new(&decode(&codes)).expect("amino acids"),
            v_call: &format!("V{:02}", rng.random_range(1..GENES.0)),
            j_call: &format!("J{:02}", rng.random_range(1..GENES.1)),
            duplicate_count: rng.random_range(1..20),
        });
    }
    let repertoire = builder.finish("bench".to_owned());
    EncodedRepertoire::new(&repertoire, &GeneVocabulary::of([&repertoire]))
}
