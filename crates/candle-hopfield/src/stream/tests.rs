//! What only shows from inside: both sets of instructions.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::forward::{Scratch, Total};
use super::lanes::{Portable, Task, dispatch};
use super::{PatternGradients, Patterns, PoolingState, StateGradients, StatePatterns, Upstream};
use super::{differentiate, forward};

/// Runs a kernel on the vectors of this processor, or on plain arrays.
#[derive(Clone, Copy)]
enum On {
    Processor,
    Arrays,
}

impl On {
    fn run(self, task: impl Task) {
        match self {
            Self::Processor => dispatch(task),
            Self::Arrays => task.run(Portable),
        }
    }
}

/// Bits of the totals, sums and gradients of `n` patterns.
fn bits(on: On, n: usize, (heads, dim, width): (usize, usize, usize)) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let mut draw =
        |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-2.0..2.0)).collect() };
    let states = StatePatterns::new(&draw(heads * dim), &draw(heads)).expect("sizes fit");
    let (stored, projected, weights) = (draw(n * dim), draw(n * width), draw(n));
    let patterns = Patterns::new(&stored).projected(&projected).log_weights(&weights);

    let mut totals = vec![Total::EMPTY; heads];
    let mut sums = vec![0.0; heads * width];
    let mut scratch = Scratch::new();
    on.run(forward::Absorb::new(&states, &patterns, (&mut totals, &mut sums), &mut scratch));

    let mut state = PoolingState::new(heads, width);
    state.absorb(&states, &patterns).expect("sizes fit");
    let upstream = Upstream::new(&state, &draw(heads * width)).expect("sizes fit");
    let mut gradients = StateGradients::new(heads, dim);
    let mut own = [vec![0.0; n * dim], vec![0.0; n * width], vec![0.0; n]];
    let [dstored, dprojected, dweights] = &mut own;
    let out = PatternGradients {
        stored: Some(dstored),
        projected: Some(dprojected),
        log_weights: Some(dweights),
    };
    let sums_of_states = (&mut gradients, out, &mut scratch);
    on.run(differentiate::Absorb::new(&states, &patterns, &upstream, sums_of_states));

    let narrow = own.into_iter().flatten().chain(gradients.states()).chain(gradients.betas());
    let wide = totals.iter().flat_map(|total| [f64::from(total.maximum), total.sum]).chain(sums);
    wide.chain(narrow.map(f64::from)).map(f64::to_bits).collect()
}

/// On a processor without AVX2 both ways are the same one.
#[test]
fn instruction_sets_agree_to_the_bit() {
    for (k, n) in [1, 7, 8, 9, 63, 64, 65, 200].into_iter().enumerate() {
        for sizes in [(1, 32, 32), (2, 8, 16), (3, 24, 64), (2, 1, 40), (1, 13, 7)] {
            let found = bits(On::Processor, n + k, sizes);
            assert_eq!(found, bits(On::Arrays, n + k, sizes), "n={n} {sizes:?}");
        }
    }
}
