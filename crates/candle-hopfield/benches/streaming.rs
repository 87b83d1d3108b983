//! Streaming pooling against reading the patterns once: speed, memory and exactness, as a table.
//!
//! ```text
//! cargo bench -p candle-hopfield --bench streaming            10^5, 10^6 and 10^7 patterns: 1.3 GB
//! cargo bench -p candle-hopfield --bench streaming -- --test  10^4 patterns, to see that it runs
//! ```
//!
//! One head, keys = values, 32 floats a pattern. Times are the best of several, taken in turn with those of
//! the yardstick: the sum of all values, by the same number of threads. Rates and the first ratio go by the
//! time that the threads used of their cores, where the system tells (Linux), so that other work on the
//! machine does not count; the second ratio goes by the clock.

#![expect(clippy::print_stdout, reason = "the table is what this benchmark is for")]

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use candle_core::Result;
use candle_hopfield::stream::{
    PatternGradients, Patterns, PoolingState, StateGradients, StatePatterns, Upstream, pool,
    pool_stream,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Floats of a pattern.
const D: usize = 32;
/// Patterns that are generated, or given a gradient, at a time: 2 MB.
const CHUNK: usize = 1 << 14;
/// Patterns that one thread sums up at a time.
const PIECE: usize = 1 << 14;
/// Runs of which the best counts.
const RUNS: usize = 9;
/// Shards that are pooled apart and merged.
const SHARDS: usize = 7;
/// Largest deviation from f64 that is no error.
const TOLERANCE: f64 = 1e-5;
/// Memory, in MB, that pooling chunk by chunk may add, the two buffers of a chunk included.
const LIMIT: f64 = 16.0;

fn main() -> Result<()> {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let sizes: &[usize] = if is_test { &[10_000] } else { &[100_000, 1_000_000, 10_000_000] };
    println!("{} threads, {D} floats a pattern, one head\n", rayon::current_num_threads());
    println!(
        "| patterns | what | 10^6 patterns/s a core | GB/s a core | x reading once | by the clock | extra MB | off f64 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let question = Question::draw()?;
    // The peak of a process only grows, so what needs least memory comes first.
    for &n in sizes {
        generated(&question, n)?;
    }
    for &n in sizes {
        in_memory(&question, n)?;
    }
    Ok(())
}

/// A state pattern, and the gradient of what it retrieves.
struct Question {
    state: Vec<f32>,
    beta: f32,
    dz: Vec<f32>,
    states: StatePatterns,
}

impl Question {
    fn draw() -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut vector = || (0..D).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
        let (state, beta, dz) = (vector(), 1.0, vector());
        let states = StatePatterns::new(&state, &[beta])?;
        Ok(Self { state, beta, dz, states })
    }

    /// Forward and backward over `patterns`; with room for a chunk, the patterns' own gradients as well.
    fn differentiate(&self, patterns: &[f32], room: Option<&mut [f32]>) -> Result<StateGradients> {
        let state = pool(&self.states, D, black_box(&Patterns::new(patterns)))?;
        let upstream = Upstream::new(&state, &self.dz)?;
        let mut gradients = StateGradients::new(1, D);
        let Some(room) = room else {
            let (patterns, out) = (Patterns::new(patterns), PatternGradients::default());
            gradients.absorb(&self.states, &patterns, &upstream, out)?;
            return Ok(gradients);
        };
        for chunk in patterns.chunks(CHUNK * D) {
            let stored = Some(&mut room[..chunk.len()]);
            let out = PatternGradients { stored, ..PatternGradients::default() };
            gradients.absorb(&self.states, &Patterns::new(chunk), &upstream, out)?;
        }
        Ok(gradients)
    }

    /// z, gradient of the state pattern and of beta by the formulas in f64.
    fn direct(&self, n: usize) -> Vec<f64> {
        let (state, dz, beta) = (wide(&self.state), wide(&self.dz), f64::from(self.beta));
        // Scores are far below 700: no maximum is needed.
        let sums = sum_over(n, |y, sums| {
            let weight = (beta * dot(&state, y)).exp();
            sums.iter_mut().zip(y).for_each(|(sum, y)| *sum += weight * y);
            sums[D] += weight;
        });
        let z: Vec<f64> = sums[..D].iter().map(|sum| sum / sums[D]).collect();
        let mean = dot(&dz, &z);
        let gradients = sum_over(n, |y, gradients| {
            let raw = dot(&state, y);
            let ds = (beta * raw).exp() / sums[D] * (dot(&dz, y) - mean);
            gradients.iter_mut().zip(y).for_each(|(gradient, y)| *gradient += beta * ds * y);
            gradients[D] += ds * raw;
        });
        [z, gradients].concat()
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// D + 1 sums to which `term` adds each of `n` patterns.
fn sum_over(n: usize, term: impl Fn(&[f64], &mut [f64]) + Sync) -> Vec<f64> {
    let chunks: Vec<Vec<f64>> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map(|k| {
            let mut chunk = vec![0.0; chunk_len(n, k) * D];
            draw(k, &mut chunk);
            let mut sums = vec![0.0; D + 1];
            wide(&chunk).chunks_exact(D).for_each(|pattern| term(pattern, &mut sums));
            sums
        })
        .collect();
    let mut total = vec![0.0; D + 1];
    for sums in chunks {
        total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
    }
    total
}

/// Fills `chunk` with the patterns of chunk `k`, uniform in [-1, 1).
fn draw(k: usize, chunk: &mut [f32]) {
    // Xorshift: ChaCha would take longer than everything else here.
    let mut x = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for value in chunk {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        *value = (x >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
}

/// Patterns in chunk `k` of `n` patterns.
fn chunk_len(n: usize, k: usize) -> usize {
    n.saturating_sub(k * CHUNK).min(CHUNK)
}

/// Pools patterns that exist one chunk at a time, forward and backward.
fn generated(question: &Question, n: usize) -> Result<()> {
    let before = peak();
    let mut times = Times::WORST;
    let (state, gradients) = times.lower(|| pool_generated(question, n))?;
    let extra = peak() - before;
    assert!(extra.is_nan() || extra < LIMIT, "{extra} MB");
    let off = deviation(&answers(&state, Some(&gradients)), &question.direct(n));
    let what = "generated in chunks, forward + all gradients";
    row(n, what, times, None, Some(extra), off);
    Ok(())
}

fn pool_generated(question: &Question, n: usize) -> Result<(PoolingState, StateGradients)> {
    let mut next = 0;
    let state = pool_stream(&question.states, D, |chunk| {
        chunk.stored.resize(chunk_len(n, next) * D, 0.0);
        draw(next, &mut chunk.stored);
        next += 1;
        Ok::<(), candle_core::Error>(())
    })?;
    let upstream = Upstream::new(&state, &question.dz)?;
    let mut gradients = StateGradients::new(1, D);
    let (mut stored, mut out) = (vec![0.0; CHUNK * D], vec![0.0; CHUNK * D]);
    for k in 0..n.div_ceil(CHUNK) {
        let floats = chunk_len(n, k) * D;
        draw(k, &mut stored[..floats]);
        let (patterns, out) = (Patterns::new(&stored[..floats]), Some(&mut out[..floats]));
        let out = PatternGradients { stored: out, ..PatternGradients::default() };
        gradients.absorb(&question.states, &patterns, &upstream, out)?;
    }
    Ok((state, gradients))
}

/// Pools patterns that lie in memory.
fn in_memory(question: &Question, n: usize) -> Result<()> {
    let mut patterns = vec![0.0; n * D];
    patterns.par_chunks_mut(CHUNK * D).enumerate().for_each(|(k, chunk)| draw(k, chunk));
    let expected = question.direct(n);
    let states = &question.states;
    let before = peak();
    let [mut read, mut forward, mut both, mut all] = [Times::WORST; 4];
    let mut out = vec![0.0; CHUNK * D];
    for run in 0..RUNS {
        read.lower(|| Ok(black_box(sum(black_box(&patterns)))))?;
        let state = forward.lower(|| pool(states, D, black_box(&Patterns::new(&patterns))))?;
        let gradients = both.lower(|| question.differentiate(&patterns, None))?;
        let again = all.lower(|| question.differentiate(&patterns, Some(&mut out)))?;
        if run + 1 < RUNS {
            continue;
        }
        let extra = Some(peak() - before);
        let z = deviation(&answers(&state, None), &expected);
        let off = [gradients, again]
            .map(|gradients| deviation(&answers(&state, Some(&gradients)), &expected));
        row(n, "sum of all values (reading once)", read, Some(read), None, 0.0);
        row(n, "forward", forward, Some(read), extra, z);
        row(n, "forward + gradients of state and beta", both, Some(read), extra, off[0]);
        row(n, "forward + all gradients", all, Some(read), extra, off[1]);
    }
    let merged = deviation(&answers(&shards(states, &patterns)?, None), &expected);
    println!("| {n} | {SHARDS} shards merged | | | | | | {merged:.1e} |");
    Ok(())
}

/// The patterns pooled in shards of unequal size, merged from the last to the first.
fn shards(states: &StatePatterns, patterns: &[f32]) -> Result<PoolingState> {
    let mut merged = PoolingState::new(1, D);
    let shard = patterns.len() / D / SHARDS + 1;
    for shard in patterns.chunks(shard * D).rev() {
        let mut state = PoolingState::new(1, D);
        state.absorb(states, &Patterns::new(shard))?;
        merged.merge(&state)?;
    }
    Ok(merged)
}

/// The yardstick: the sum of all values, on vectors, in parallel.
fn sum(values: &[f32]) -> f32 {
    let piece = |piece: &[f32]| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut lanes = [0.0; 32];
                for values in piece.as_chunks::<32>().0 {
                    for (lane, value) in lanes.iter_mut().zip(values) {
                        *lane += value;
                    }
                }
                lanes.iter().sum::<f32>()
            },
        )
    };
    values.par_chunks(PIECE * D).map(piece).sum()
}

/// Best times of a piece of work, in seconds.
#[derive(Clone, Copy)]
struct Times {
    /// Used by all threads together, over their number.
    core: f64,
    clock: f64,
}

impl Times {
    const WORST: Self = Self { core: f64::MAX, clock: f64::MAX };

    fn lower<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (start, before) = (Instant::now(), used());
        let result = work();
        let clock = start.elapsed().as_secs_f64();
        let core = match (before, used()) {
            (Some(before), Some(after)) => (after - before) / rayon::current_num_threads() as f64,
            _ => clock,
        };
        *self = Self { core: self.core.min(core), clock: self.clock.min(clock) };
        result
    }
}

/// Seconds that the threads of this process have run, where the system tells.
fn used() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let schedstat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += schedstat.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}

fn answers(state: &PoolingState, gradients: Option<&StateGradients>) -> Vec<f32> {
    let mut answers = state.finish();
    if let Some(gradients) = gradients {
        answers.extend(gradients.states());
        answers.extend(gradients.betas());
    }
    answers
}

/// Largest difference from `expected`. The time of a wrong answer is worthless.
fn deviation(found: &[f32], expected: &[f64]) -> f64 {
    let gaps = found.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs());
    let largest = gaps.fold(0.0, f64::max);
    assert!(largest <= TOLERANCE && found.iter().all(|value| value.is_finite()), "{largest:e}");
    largest
}

fn row(n: usize, what: &str, times: Times, read: Option<Times>, extra: Option<f64>, off: f64) {
    let rate = n as f64 / (times.core * rayon::current_num_threads() as f64);
    let bytes = rate * (D * size_of::<f32>()) as f64 / 1e9;
    let ratio = |time: f64, read: Option<f64>| {
        read.map_or(String::new(), |read| format!("{:.2}", time / read))
    };
    let core = ratio(times.core, read.map(|read| read.core));
    let clock = ratio(times.clock, read.map(|read| read.clock));
    let extra = extra.map_or(String::new(), |extra| format!("{extra:.1}"));
    let rate = rate / 1e6;
    println!("| {n} | {what} | {rate:.1} | {bytes:.1} | {core} | {clock} | {extra} | {off:.1e} |");
}

/// Peak memory of this process so far, MB; NaN where the system does not tell.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
