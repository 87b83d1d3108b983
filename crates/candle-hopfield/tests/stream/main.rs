//! Streaming pooling against the definition in f64.

mod twin;

use candle_core::{Error, Result};
use candle_hopfield::stream::{
    PatternGradients, Patterns, PoolingState, StateGradients, StatePatterns, Upstream, pool,
    pool_stream,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use twin::{Case, Options, Twin};

/// Largest difference, over the largest expected value, or 1 if that is smaller.
fn gap(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().all(|value| value.is_finite()), "{found:?}");
    let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    let gaps = found.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs());
    gaps.fold(0.0, f64::max) / scale
}

/// Gradients of states, betas, stored, projected and log-weights, chunk by chunk.
fn backward(case: &Case, chunk: usize) -> Result<[Vec<f32>; 5]> {
    let (n, d, e, states) = (case.n(), case.dim, case.width, case.states()?);
    let upstream = Upstream::new(&case.pooled()?, &case.dz)?;
    let mut sums = StateGradients::new(case.heads, d);
    let (mut dy, mut dv, mut dw) = (vec![9.0; n * d], vec![9.0; n * e], vec![9.0; n]);
    for start in (0..n).step_by(chunk) {
        let end = n.min(start + chunk);
        let out = PatternGradients {
            stored: Some(&mut dy[start * d..end * d]),
            projected: case.projected.is_some().then_some(&mut dv[start * e..end * e]),
            log_weights: Some(&mut dw[start..end]),
        };
        sums.absorb(&states, &case.range(start, end), &upstream, out)?;
    }
    Ok([sums.states(), sums.betas(), dy, dv, dw])
}

fn check(case: &Case, chunk: usize) -> Result<()> {
    let twin = Twin::new(case);
    let state = case.pooled()?;
    assert!(gap(&state.finish(), &twin.z) < 1e-5);
    for (found, expected) in state.log_sum_exp().iter().zip(&twin.log_sum_exp) {
        let agree = if expected.is_finite() {
            (found - expected).abs() < 1e-5
        } else {
            found.to_bits() == expected.to_bits()
        };
        assert!(agree, "{found} {expected}");
    }
    let associations = state.associations(&case.states()?, &case.patterns())?;
    assert!(gap(&associations, &twin.associations) < 1e-5);
    let [dstates, dbetas, dstored, dprojected, dlog_weights] = backward(case, chunk)?;
    assert!(gap(&dstates, &twin.dstates) < 1e-5, "states");
    assert!(gap(&dbetas, &twin.dbetas) < 1e-5, "betas");
    assert!(gap(&dstored, &twin.dstored) < 1e-5, "stored");
    assert!(gap(&dlog_weights, &twin.dlog_weights) < 1e-5, "log-weights");
    if case.projected.is_some() {
        assert!(gap(&dprojected, &twin.dprojected) < 1e-5, "projected");
    }
    Ok(())
}

fn options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>()).prop_map(|(projected, weighted)| Options { projected, weighted })
}

fn counts() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0_usize), Just(1), Just(63), Just(64), Just(65), Just(257), 2..200_usize]
}

fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    (1..=5_usize, 1..=40_usize, 1..=40_usize)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn values_and_gradients_equal_the_definition(
        n in counts(), sizes in sizes(), with in options(), chunk in 1..300_usize, seed in any::<u64>(),
    ) {
        check(&Case::draw(n, sizes, with, seed), chunk).expect("sizes fit");
    }

    /// Shards of any size, merged in any order, and chunks of a stream, are the whole.
    #[test]
    fn merged_shards_equal_the_whole(
        n in counts(), sizes in sizes(), with in options(), shard in 1..100_usize, seed in any::<u64>(),
    ) {
        let case = Case::draw(n, sizes, with, seed);
        let states = case.states().expect("sizes fit");
        let whole = case.pooled().expect("sizes fit");
        let mut shards = Vec::new();
        for start in (0..n).step_by(shard) {
            let mut state = PoolingState::new(case.heads, case.width);
            let patterns = case.range(start, n.min(start + shard));
            state.absorb(&states, &patterns).expect("sizes fit");
            shards.push(state);
        }
        let merge = |from: &mut dyn Iterator<Item = &PoolingState>| {
            let mut merged = PoolingState::new(case.heads, case.width);
            from.for_each(|state| merged.merge(state).expect("sizes fit"));
            merged
        };
        let halves = shards.split_at(shards.len() / 2);
        let mut left = merge(&mut halves.0.iter());
        left.merge(&merge(&mut halves.1.iter())).expect("sizes fit");
        let expected: Vec<f64> = whole.finish().into_iter().map(f64::from).collect();
        for merged in [merge(&mut shards.iter()), merge(&mut shards.iter().rev()), left] {
            prop_assert!(gap(&merged.finish(), &expected) < 1e-6);
        }
    }
}

#[test]
fn parts_have_no_seams() -> Result<()> {
    for n in [4096, 4097, 8192, 3 * 4096 + 77] {
        let with = Options { projected: true, weighted: true };
        check(&Case::draw(n, (2, 9, 5), with, n as u64), 5000)?;
    }
    Ok(())
}

#[test]
fn threads_change_no_bit() -> Result<()> {
    let case = Case::draw(40_000, (2, 12, 8), Options { projected: true, weighted: true }, 3);
    let mut results = Vec::new();
    for threads in [1, 2, 3] {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::wrap)?;
        results.push(pool.install(|| Ok::<_, Error>((case.pooled()?, backward(&case, 15_000)?)))?);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
    Ok(())
}

#[test]
fn no_pattern_gives_zeros_and_changes_nothing() -> Result<()> {
    let case = Case::draw(70, (3, 5, 5), Options { projected: false, weighted: false }, 4);
    let empty = PoolingState::new(3, 5);
    assert_eq!(empty.finish(), [0.0; 15]);
    assert_eq!(empty.log_sum_exp(), [f64::NEG_INFINITY; 3]);
    let mut both = empty.clone();
    both.merge(&empty)?;
    assert_eq!(both, empty);
    let state = case.pooled()?;
    both.merge(&state)?;
    assert_eq!(both, state);
    both.merge(&empty)?;
    both.absorb(&case.states()?, &Patterns::new(&[]))?;
    assert_eq!(both, state);
    Ok(())
}

#[test]
fn log_weights_of_minus_infinity_leave_no_trace() -> Result<()> {
    let mut case = Case::draw(130, (2, 6, 6), Options { projected: false, weighted: true }, 5);
    case.log_weights = Some(vec![f32::NEG_INFINITY; 130]);
    let none = case.pooled()?;
    assert_eq!(none, PoolingState::new(2, 6));
    let [dstates, dbetas, dstored, _, dlog_weights] = backward(&case, 50)?;
    for gradient in [dstates, dbetas, dstored, dlog_weights] {
        assert!(gradient.iter().all(|&value| value == 0.0), "{gradient:?}");
    }
    // The first blocks are left out, the last is not.
    let mut weights = vec![f32::NEG_INFINITY; 130];
    weights[128] = 0.5;
    case.log_weights = Some(weights);
    let z = case.pooled()?.finish();
    for (found, expected) in z.iter().zip(case.stored[128 * 6..129 * 6].repeat(2)) {
        assert!((found - expected).abs() < 1e-6, "{z:?}");
    }
    check(&case, 40)
}

/// Counting a pattern three times is a log-weight of ln 3.
#[test]
fn a_log_weight_is_a_count() -> Result<()> {
    let mut case = Case::draw(50, (2, 7, 4), Options { projected: true, weighted: true }, 6);
    case.log_weights = Some((0..50).map(|i| ((i % 3 + 1) as f32).ln()).collect());
    let state = case.pooled()?;
    let mut repeated = PoolingState::new(2, 4);
    for i in 0..50 {
        let one = Patterns { log_weights: None, ..case.range(i, i + 1) };
        for _ in 0..=i % 3 {
            repeated.absorb(&case.states()?, &one)?;
        }
    }
    let expected: Vec<f64> = repeated.finish().into_iter().map(f64::from).collect();
    assert!(gap(&state.finish(), &expected) < 1e-6);
    Ok(())
}

/// Scores that rise by more than `exp` can hold, in both directions.
#[test]
fn large_scores_pool_the_largest() -> Result<()> {
    let states = StatePatterns::new(&[1.0], &[1.0])?;
    let mut stored: Vec<f32> = (0..1000).map(|i| i as f32 * 100.0 - 50_000.0).collect();
    for _ in 0..2 {
        let state = pool(&states, 1, &Patterns::new(&stored))?;
        assert_eq!(state.finish(), [49_900.0]);
        assert_eq!(state.log_sum_exp(), [49_900.0]);
        stored.reverse();
    }
    Ok(())
}

#[test]
fn scores_that_are_no_numbers_give_nan() -> Result<()> {
    let states = StatePatterns::new(&[1.0], &[1.0])?;
    for bad in [f32::NAN, f32::INFINITY] {
        let mut stored = vec![0.25; 100];
        stored[70] = bad;
        assert!(pool(&states, 1, &Patterns::new(&stored))?.finish()[0].is_nan(), "{bad}");
    }
    Ok(())
}

#[test]
fn a_stream_ends_with_an_empty_chunk_or_an_error() -> Result<()> {
    let case = Case::draw(100, (2, 4, 3), Options { projected: true, weighted: true }, 7);
    let mut next = 0;
    let state = pool_stream(&case.states()?, 3, |chunk| {
        let end = 100.min(next + 33);
        let patterns = case.range(next, end);
        chunk.stored.extend(patterns.stored);
        chunk.projected.extend(patterns.projected.unwrap_or_default());
        chunk.log_weights.extend(patterns.log_weights.unwrap_or_default());
        next = end;
        Ok::<(), Error>(())
    })?;
    let expected: Vec<f64> = case.pooled()?.finish().into_iter().map(f64::from).collect();
    assert!(gap(&state.finish(), &expected) < 1e-6);
    let failed = pool_stream(&case.states()?, 3, |_| Err(Error::msg("the disk is gone")));
    assert!(failed.expect_err("it failed").to_string().contains("the disk is gone"));
    Ok(())
}

#[test]
fn sizes_that_do_not_fit_are_errors() -> Result<()> {
    let states = StatePatterns::new(&[1.0, 2.0], &[1.0])?;
    let message = |patterns: Patterns, width| match pool(&states, width, &patterns) {
        Ok(_) => String::new(),
        Err(err) => err.to_string(),
    };
    let two = [1.0, 2.0, 3.0, 4.0];
    assert!(message(Patterns::new(&two[..3]), 2).starts_with("stored patterns: 3 values"));
    assert!(message(Patterns::new(&two), 3).starts_with("no projected patterns"));
    assert!(message(Patterns::new(&two).projected(&two), 3).starts_with("projected patterns: 4"));
    assert!(message(Patterns::new(&two).log_weights(&two), 2).starts_with("log-weights: 4"));
    assert!(message(Patterns::new(&two).projected(&[]), 0).starts_with("pooling state"));
    assert!(StatePatterns::new(&[], &[]).is_err());
    assert!(StatePatterns::new(&[1.0, 2.0, 3.0], &[1.0, 1.0]).is_err());
    assert!(PoolingState::new(1, 2).merge(&PoolingState::new(2, 2)).is_err());
    assert!(StateGradients::new(1, 2).merge(&StateGradients::new(1, 3)).is_err());
    let state = pool(&states, 2, &Patterns::new(&two))?;
    assert!(Upstream::new(&state, &[1.0]).is_err());
    let upstream = Upstream::new(&state, &[1.0, 1.0])?;
    let mut room = [0.0; 3];
    let out = PatternGradients { stored: Some(&mut room), ..PatternGradients::default() };
    let err = StateGradients::new(1, 2).absorb(&states, &Patterns::new(&two), &upstream, out);
    let err = err.expect_err("too little room").to_string();
    assert!(err.starts_with("gradient of the stored patterns: room for 3; expected 4"), "{err}");
    Ok(())
}

#[test]
fn values_come_with_all_chunks_or_with_none() -> Result<()> {
    let states = StatePatterns::new(&[1.0, 0.0], &[1.0])?;
    let mut left = 2;
    let pooled = pool_stream(&states, 2, |chunk| {
        if left > 0 {
            chunk.stored.extend([0.5, 0.5]);
        }
        if left == 2 {
            chunk.projected.extend([1.0, 2.0]);
        }
        left -= 1;
        Ok::<(), candle_core::Error>(())
    });
    let message = pooled.expect_err("the second has none").to_string();
    assert!(message.contains("chunk 1: expected projected patterns in all chunks"), "{message}");
    Ok(())
}
