//! Sequences a second through the bag operation on a GPU: resident, and streamed from memory.
//!
//! Times are those of whole calls, with parameters copied, results back and everything waited for, between two events
//! on the GPU, over bags so large that the kernels are nearly all of it. Answers are held to the CPU's first. Beside
//! `DeepRC`'s size stands the ceiling that its kernels' look-ups in shared memory set, as counted in `bag::cuda`.
//!
//! An epoch is forward and backward over a cohort, minibatch after minibatch, without the optimizer:
//!
//! ```sh
//! cargo bench --workspace --bench cuda                  # 8 x 1,000,000, and 785 x 300,000 (7 GB of memory)
//! cargo bench --workspace --bench cuda -- 100000 50     # 8 x 100,000, and 50 x 30,000
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reperio_bag::cuda::Gpu;
use reperio_bag::{BagInput, BagLayout, OwnedSequences, Pooled, backward, forward};

/// Repertoires of a call: a minibatch.
const BAGS: usize = 8;
/// Calls of which the median counts, after two that warm up.
const CALLS: usize = 11;
/// Rows of 32 floats that shared memory serves for a sequence of 15 residues at `DeepRC`'s size: forward, and forward
/// and backward (`bag::cuda` counts them).
const ROWS: [f64; 2] = [103.0, 323.0];

/// How much is measured.
struct Sizes {
    /// Sequences of a repertoire: by default those of a deep sample.
    sequences: usize,
    /// Repertoires of the epoch's cohort, of 3/10 of the sequences: by default those of the largest public cohort.
    cohort: usize,
}

impl Sizes {
    /// The numbers among the arguments; cargo adds others.
    fn of_arguments() -> Self {
        let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
        Self {
            sequences: numbers.next().unwrap_or(1_000_000),
            cohort: numbers.next().unwrap_or(785),
        }
    }
}

/// Repertoires of `n` sequences, drawn from a tenth as many, which are quicker to make.
fn repertoires(count: usize, n: usize) -> Vec<OwnedSequences> {
    let distinct = common::sequences((n / 10).max(1), &mut ChaCha8Rng::seed_from_u64(1));
    let from = distinct.view();
    let draw = |k: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(k as u64);
        let mut drawn = OwnedSequences::default();
        for _ in 0..n {
            let i = rng.random_range(0..from.len());
            drawn.push(from.get(i), [from.v[i], from.j[i]], from.log_counts[i]);
        }
        drawn
    };
    (0..count).into_par_iter().map(draw).collect()
}

fn bags(repertoires: &[OwnedSequences]) -> Vec<BagInput<'_>> {
    repertoires
        .iter()
        .map(|own| BagInput { sequences: own.view(), input_scale: 1.0, padded_length: 0 })
        .collect()
}

fn gap(got: &[f32], want: &[f32]) -> f64 {
    let squares = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|x| x * x).sum::<f64>();
    let mut differences = got.iter().zip(want).map(|(&a, &b)| f64::from(a) - f64::from(b));
    let norm = squares(&mut want.iter().map(|&b| f64::from(b)));
    (squares(&mut differences) / norm).sqrt()
}

/// Seconds that `call` takes on the GPU.
fn seconds(gpu: &Gpu, call: impl FnOnce()) -> f64 {
    gpu.timed(call).expect("the GPU works").1.as_secs_f64()
}

/// Million sequences per second of `call`: the median, the slowest and the fastest.
fn rates(gpu: &Gpu, sequences: usize, mut call: impl FnMut()) -> [f64; 3] {
    let mut times: Vec<f64> = (0..CALLS + 2).map(|_| seconds(gpu, &mut call)).skip(2).collect();
    times.sort_by(f64::total_cmp);
    [times[CALLS / 2], times[CALLS - 1], times[0]].map(|time| sequences as f64 / time / 1e6)
}

/// A network with random parameters.
struct Net {
    name: &'static str,
    layout: BagLayout,
    params: Vec<f32>,
    /// Whether [`ROWS`] are counted for it.
    is_counted: bool,
}

impl Net {
    fn all() -> impl Iterator<Item = Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        common::shapes().into_iter().map(move |(name, shape)| {
            let layout = BagLayout::new(shape).expect("a valid shape");
            let params = (0..layout.len()).map(|_| rng.random_range(-0.2..0.2)).collect();
            Self { name, layout, params, is_counted: name == "deeprc" }
        })
    }

    fn forward(&self, gpu: &Gpu, bags: &[BagInput]) -> Vec<Pooled> {
        gpu.forward(&self.layout, &self.params, bags).expect("the GPU works")
    }

    /// Upstream gradients of `bags` pooled.
    fn upstream(pooled: &[Pooled]) -> Vec<f32> {
        vec![0.5; pooled.iter().map(|own| own.z.len()).sum()]
    }

    fn backward(&self, gpu: &Gpu, bags: &[BagInput], pooled: &[Pooled]) -> Vec<f32> {
        let dz = Self::upstream(pooled);
        gpu.backward(&self.layout, &self.params, bags, (pooled, &dz)).expect("the GPU works")
    }

    /// The time of a wrong answer is worthless: z and gradient of the first bag equal the CPU's.
    fn check(&self, gpu: &Gpu, bags: &[BagInput]) {
        let first = &bags[..1];
        let (pooled, on_cpu) =
            (self.forward(gpu, first), forward(&self.layout, &self.params, first));
        assert!(gap(&pooled[0].z, &on_cpu[0].z) < 1e-5, "z: {:e}", gap(&pooled[0].z, &on_cpu[0].z));
        let own = self.backward(gpu, first, &pooled);
        let dz = Self::upstream(&on_cpu);
        let error = gap(&own, &backward(&self.layout, &self.params, first, &on_cpu, &dz));
        assert!(error < 2e-5, "gradient: {error:e}");
    }

    fn measure(&self, (how, gpu): (&str, &Gpu), bags: &[BagInput]) {
        let sequences = bags.iter().map(|bag| bag.sequences.len()).sum();
        self.check(gpu, bags);
        let pass = rates(gpu, sequences, || drop(self.forward(gpu, bags)));
        let both = rates(gpu, sequences, || {
            let pooled = self.forward(gpu, bags);
            self.backward(gpu, bags, &pooled);
        });
        let tasks = ["forward", "forward + backward"].into_iter().zip([pass, both]).zip(ROWS);
        for ((task, [median, slowest, fastest]), rows) in tasks {
            let rate = gpu.rows_per_second().expect("the GPU works") / rows / 1e6;
            let ceiling = format!(", ceiling {rate:.0}: {:.0} %", 100.0 * median / rate);
            println!(
                "{:8} {how:8} {task:20} {median:8.3} M/s ({slowest:.3} to {fastest:.3}){}",
                self.name,
                if self.is_counted { ceiling } else { String::new() }
            );
        }
    }

    /// Passes over a cohort: at first every repertoire is copied to the GPU.
    fn epochs(&self, (how, gpu): (&str, &Gpu), bags: &[BagInput]) {
        let sequences: usize = bags.iter().map(|bag| bag.sequences.len()).sum();
        for pass in ["first epoch", "epoch"] {
            let time = seconds(gpu, || {
                for batch in bags.chunks(BAGS) {
                    let pooled = self.forward(gpu, batch);
                    self.backward(gpu, batch, &pooled);
                }
            });
            let rate = sequences as f64 / time / 1e6;
            let (name, count) = (self.name, bags.len());
            println!(
                "{name:8} {how:8} {pass:20} {rate:8.3} M/s, {time:.2} s for {count} repertoires, {sequences} sequences"
            );
        }
    }
}

fn main() {
    let gpu = match Gpu::open(0) {
        Ok(gpu) => gpu,
        Err(err) => return println!("skipped: {err}"),
    };
    println!("{:?}", gpu.info());
    let sizes = Sizes::of_arguments();
    let streaming = Gpu::open_with(0, Some(sizes.sequences * 10)).expect("the GPU works");
    let gpus = [("resident", &gpu), ("streamed", &streaming)];
    let minibatch = repertoires(BAGS, sizes.sequences);
    for net in Net::all() {
        for own in gpus {
            net.measure(own, &bags(&minibatch));
        }
    }
    let cohort = repertoires(sizes.cohort, sizes.sequences * 3 / 10);
    for net in Net::all() {
        for own in gpus {
            net.epochs(own, &bags(&cohort));
        }
    }
}
