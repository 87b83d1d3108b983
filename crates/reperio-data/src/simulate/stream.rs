//! The random streams of one seed. Each random part has its own stream, so that no part of a simulation
//! depends on how many numbers another part drew.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// The background and the witnesses of a repertoire, by its number.
    Repertoire(usize),
    /// What the repertoires of a subject share, by its number.
    Subject(usize),
    /// Labels and carriers.
    Plan,
    /// The gene usage of batch A (0) or B (1).
    Batch(usize),
    /// Which public clonotypes make up the pools.
    Pools,
    /// The ages of subjects.
    Ages,
    /// A reference donor of the pools, by its number.
    Reference(usize),
}

/// The stream of `seed` for one purpose.
pub(super) fn of(seed: u64, stream: Stream) -> ChaCha8Rng {
    let number = match stream {
        Stream::Repertoire(i) => 2 * i as u64,
        Stream::Subject(i) => 2 * i as u64 + 1,
        Stream::Plan => u64::MAX,
        Stream::Batch(i) => u64::MAX - 1 - i as u64,
        Stream::Pools => u64::MAX - 3,
        Stream::Ages => u64::MAX / 2,
        Stream::Reference(i) => u64::MAX - 4 - i as u64,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}
