//! Exact counting of the clonotypes that repertoires share, at the size of a deep bulk cohort.

#![expect(missing_docs, reason = "criterion's macros document nothing")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reperio_data::alphabet::AMINO_ACIDS;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, Repertoire, Row};
use reperio_model::features::clonotype_index::{ClonotypeIndex, Identity};

/// Repertoires of the cohort.
const REPERTOIRES: usize = 100;
/// Clonotypes of each: what a bulk sample of blood gives.
const CLONOTYPES: usize = 200_000;
/// Clonotypes of the pool that every repertoire draws from, and how many it draws: as in human blood, about
/// one in ten of a repertoire's clonotypes is public.
const POOL: usize = 400_000;
/// Draws from the pool.
const PUBLIC: usize = 20_000;

/// The number written with residues, so that distinct numbers are distinct junctions of 14 residues.
fn junction(number: usize) -> String {
    // A multiplication by an odd number permutes the 32-bit numbers: neighbours look unlike.
    let mut rest = (number as u32).wrapping_mul(2_654_435_761) as usize;
    let mut middle = || {
        let residue = char::from(AMINO_ACIDS[rest % 20]);
        rest /= 20;
        residue
    };
    let middle: String = (0..8).map(|_| middle()).collect();
    format!("CASS{middle}YF")
}

/// The pool's numbers that repertoire `i` draws.
fn drawn(i: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(i as u64);
    rand::seq::index::sample(&mut rng, POOL, PUBLIC).into_vec()
}

fn repertoire(i: usize) -> Repertoire {
    let mut rng = ChaCha8Rng::seed_from_u64(1_000 + i as u64);
    let mut builder = Builder::default();
    let own = (PUBLIC..CLONOTYPES).map(|row| POOL + i * CLONOTYPES + row);
    for number in drawn(i).into_iter().chain(own) {
        let v_call = ["TRBV9", "TRBV20-1", "TRBV5-1"][number % 3];
        let (junction, duplicate_count) = (junction(number), rng.random_range(1..4));
        let junction_aa = JunctionAa::new(&junction).expect("amino acids");
        builder.push(Row { junction_aa, v_call, j_call: "TRBJ2-7", duplicate_count });
    }
    builder.finish(format!("r{i}"))
}

fn clonotype_index(c: &mut Criterion) {
    let repertoires: Vec<Repertoire> = (0..REPERTOIRES).into_par_iter().map(repertoire).collect();
    let views: Vec<&Repertoire> = repertoires.iter().collect();
    let mut times = vec![0_usize; POOL];
    (0..REPERTOIRES).flat_map(drawn).for_each(|number| times[number] += 1);
    let shared: Vec<usize> = times.into_iter().filter(|&times| times > 1).collect();
    let expected = (shared.len(), shared.iter().sum::<usize>());
    let mut group = c.benchmark_group("clonotype_index");
    group.throughput(Throughput::Elements((REPERTOIRES * CLONOTYPES) as u64)).sample_size(10);
    for identity in [Identity::Clonotype, Identity::Junction] {
        group.bench_function(format!("{identity:?}"), |b| {
            b.iter(|| {
                let index = ClonotypeIndex::new(black_box(&views), identity);
                let carriers = (0..index.len()).map(|i| index.carriers(i).len()).sum::<usize>();
                assert_eq!((index.len(), carriers), expected);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, clonotype_index);
criterion_main!(benches);
