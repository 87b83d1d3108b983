//! Sequences a second through the bag operation on one core, by instruction set.

#![expect(missing_docs, reason = "criterion's macros document nothing")]

mod common;

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use reperio_bag::{
    BagInput, BagLayout, BagShape, InstructionSet, OwnedSequences, backward_with, forward_with,
    scalar,
};

/// Sequences of the repertoire; a bulk sample holds 10^4 to 10^6.
const N: usize = 100_000;
/// Sequences that the scalar twin follows to check the answer.
const CHECKED: usize = 2_000;

fn input(own: &OwnedSequences) -> BagInput<'_> {
    BagInput { sequences: own.view(), input_scale: 1.0, padded_length: 0 }
}

/// The time of a wrong answer is worthless: z and gradient of a smaller bag equal the twin's.
fn check(set: InstructionSet, layout: &BagLayout, params: &[f32]) {
    let small = common::sequences(CHECKED, &mut ChaCha8Rng::seed_from_u64(2));
    let wide: Vec<f64> = params.iter().map(|&value| f64::from(value)).collect();
    let pooled = forward_with(set, layout, params, &[input(&small)]);
    let dz = vec![1.0; pooled[0].z.len()];
    let gradient = backward_with(set, layout, params, &[input(&small)], (&pooled, &dz));
    let z = scalar::forward(layout, &wide, &input(&small)).z;
    let dz = vec![1.0; dz.len()];
    let expected = scalar::backward(layout, &wide, &input(&small), &dz);
    let answers = pooled[0].z.iter().chain(&gradient).zip(z.iter().chain(&expected));
    let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
    for (&got, want) in answers {
        assert!((f64::from(got) - want).abs() < 1e-4 * norm.max(1.0), "{got} != {want}");
    }
}

fn measure(
    group: &mut BenchmarkGroup<WallTime>,
    core: &Core,
    set: InstructionSet,
    shape: BagShape,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let layout = BagLayout::new(shape).expect("sizes in range");
    let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.2..0.2)).collect();
    check(set, &layout, &params);
    let sequences = common::sequences(N, &mut rng);
    let bags = [input(&sequences)];
    let pooled = forward_with(set, &layout, &params, &bags);
    let dz = vec![1.0; pooled[0].z.len()];
    group.bench_function(format!("{set:?}/forward"), |b| {
        b.iter_custom(|times| {
            core.time(times, || {
                let again = forward_with(set, &layout, black_box(&params), &bags);
                assert_eq!(again, pooled);
            })
        });
    });
    group.bench_function(format!("{set:?}/forward+backward"), |b| {
        b.iter_custom(|times| {
            core.time(times, || {
                let pooled = forward_with(set, &layout, black_box(&params), &bags);
                black_box(backward_with(set, &layout, &params, &bags, (&pooled, &dz)));
            })
        });
    });
}

/// One thread, timed by what it used of its core, so that other work on the machine does not count.
struct Core(ThreadPool);

impl Core {
    fn time(&self, times: u64, mut work: impl FnMut() + Send) -> Duration {
        self.0.install(|| {
            let (start, before) = (Instant::now(), used());
            for _ in 0..times {
                work();
            }
            match (before, used()) {
                (Some(before), Some(after)) => after.saturating_sub(before),
                _ => start.elapsed(),
            }
        })
    }
}

/// Time that this thread has run, where the system tells (Linux).
fn used() -> Option<Duration> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = schedstat.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn bag(c: &mut Criterion) {
    let core = Core(rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread"));
    let [deeprc, default] = common::shapes();
    let lstm = BagShape { filters: vec![], lstm_units: 32, ..deeprc.1.clone() };
    for (name, shape) in [deeprc, default, ("deeprc-lstm", lstm)] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(N as u64)).sample_size(20);
        for set in InstructionSet::ALL.into_iter().filter(|set| set.is_available()) {
            measure(&mut group, &core, set, shape.clone());
        }
        group.finish();
    }
}

criterion_group!(benches, bag);
criterion_main!(benches);
