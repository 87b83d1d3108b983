//! Ragged pooling against padded dense attention, finite differences, and itself.

mod case;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::ragged::{Bags, RaggedPatterns, ragged_pool, ragged_softmax};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use case::{Case, Source};

/// Largest difference, over the largest expected value, or 1 if that is smaller.
fn gap(found: &Tensor, expected: &Tensor) -> Result<f64> {
    assert_eq!(found.dims(), expected.dims());
    let wide = |t: &Tensor| t.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let (found, expected) = (wide(found)?, wide(expected)?);
    let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
    let gaps = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    assert!(found.iter().all(|value| value.is_finite()));
    Ok(gaps.fold(0.0, f64::max) / scale)
}

/// Fused f32, composed f64 and padded f64 give the same values and gradients.
fn check(case: &Case) -> Result<()> {
    let expected = case.answers(&case.padded()?)?;
    let composed = case.answers(&case.pool()?)?;
    let narrow = case.map(|tensor| tensor.to_dtype(DType::F32))?;
    let fused = narrow.answers(&narrow.pool()?)?;
    for (k, expected) in expected.iter().enumerate() {
        let gap_of = |found: &[Tensor]| gap(&found[k], expected);
        assert!(gap_of(&composed)? < 1e-12, "composed {k}: {:e}", gap_of(&composed)?);
        assert!(gap_of(&fused)? < 1e-5, "fused {k}: {:e}", gap_of(&fused)?);
    }
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    let length =
        prop_oneof![Just(0_usize), Just(1), Just(63), Just(64), Just(65), Just(257), 2..40_usize];
    prop::collection::vec(length, 1..6)
}

fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    (1..=5_usize, 1..=40_usize, 1..=40_usize)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn equals_padded_dense_attention(
        lengths in lengths(), sizes in sizes(), with in any::<(bool, bool)>(), seed in any::<u64>(),
    ) {
        Case::draw(&lengths, sizes, with, seed).and_then(|case| check(&case)).expect("sizes fit");
    }

    #[test]
    fn order_inside_a_bag_does_not_matter(
        lengths in lengths(), sizes in sizes(), with in any::<(bool, bool)>(), seed in any::<u64>(),
    ) {
        let case = Case::draw(&lengths, sizes, with, seed).expect("sizes fit");
        let permuted = case.reversed().expect("sizes fit");
        let narrow = |case: &Case| case.map(|t| t.to_dtype(DType::F32))?.pool();
        let (before, after) = (narrow(&case).expect("sizes fit"), narrow(&permuted).expect("sizes fit"));
        prop_assert!(gap(&after, &before).expect("same shape") < 1e-6);
    }

    /// To the last bit, values and gradients of the bag's patterns.
    #[test]
    fn a_bag_alone_equals_the_bag_among_others(
        lengths in lengths(), sizes in sizes(), with in any::<(bool, bool)>(), seed in any::<u64>(),
    ) {
        let case = Case::draw(&lengths, sizes, with, seed).expect("sizes fit");
        let case = case.map(|tensor| tensor.to_dtype(DType::F32)).expect("f32");
        alone(&case).expect("sizes fit");
    }
}

fn alone(case: &Case) -> Result<()> {
    let together = case.answers(&case.pool()?)?;
    for (b, range) in case.bags.iter().enumerate() {
        let own = |of: &Tensor| of.narrow(0, range.start, range.len());
        let var = |of: &Var| Var::from_tensor(&own(of)?.copy()?);
        let bag = Case {
            bags: Bags::from_lengths(&[range.len()]).expect("few patterns"),
            stored: var(&case.stored)?,
            projected: case.projected.as_ref().map(var).transpose()?,
            log_weights: case.log_weights.as_ref().map(var).transpose()?,
            dz: case.dz.narrow(0, b, 1)?,
            ..case.clone()
        };
        let answers = bag.answers(&bag.pool()?)?;
        assert_bits(&answers[0], &together[0].narrow(0, b, 1)?)?;
        // The gradients of states and betas, 2 and 3, are sums over the bags.
        for k in (1..answers.len()).filter(|k| ![2, 3].contains(k)) {
            assert_bits(&answers[k], &own(&together[k])?)?;
        }
    }
    Ok(())
}

fn assert_bits(found: &Tensor, expected: &Tensor) -> Result<()> {
    let bits = |of: &Tensor| -> Result<Vec<u32>> {
        Ok(of.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
    };
    assert_eq!(bits(found)?, bits(expected)?);
    Ok(())
}

/// Central differences of the f64 composition against the gradients of both.
#[test]
fn gradients_equal_finite_differences() -> Result<()> {
    const STEP: f64 = 1e-5;
    let case = Case::draw(&[3, 0, 1, 5], (2, 3, 2), (true, true), 11)?;
    let narrow = case.map(|tensor| tensor.to_dtype(DType::F32))?;
    let composed = case.answers(&case.pool()?)?;
    let fused = narrow.answers(&narrow.pool()?)?;
    let loss = || (case.pool()? * &case.dz)?.sum_all()?.to_scalar::<f64>();
    for (k, var) in case.vars().into_iter().enumerate() {
        let start: Vec<f64> = var.flatten_all()?.to_vec1()?;
        let set = |values: Vec<f64>| var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?);
        let mut slopes = Vec::with_capacity(start.len());
        for i in 0..start.len() {
            let mut at = [0.0; 2];
            for (loss_at, step) in at.iter_mut().zip([STEP, -STEP]) {
                let mut moved = start.clone();
                moved[i] += step;
                set(moved)?;
                *loss_at = loss()?;
            }
            slopes.push((at[0] - at[1]) / (2.0 * STEP));
        }
        set(start)?;
        let slopes = Tensor::from_vec(slopes, var.shape(), &Device::Cpu)?;
        assert!(gap(&composed[k + 1], &slopes)? < 1e-8, "composed {k}");
        assert!(gap(&fused[k + 1], &slopes)? < 1e-5, "fused {k}");
    }
    Ok(())
}

/// Large bags are cut into parts, many bags into groups.
#[test]
fn large_bags_and_many_bags_have_no_seams() -> Result<()> {
    check(&Case::draw(&[9000, 2, 4097], (2, 6, 5), (true, true), 1)?)?;
    check(&Case::draw(&[5000, 4096], (1, 8, 8), (false, false), 2)?)?;
    let many: Vec<usize> = (0..150).map(|b| b % 4).collect();
    check(&Case::draw(&many, (2, 4, 3), (true, true), 3)?)
}

#[test]
fn threads_change_no_bit() -> Result<()> {
    let case = Case::draw(&[9000, 3, 0, 5000, 100], (2, 6, 5), (true, true), 4)?;
    let case = case.map(|tensor| tensor.to_dtype(DType::F32))?;
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(candle_core::Error::wrap)?.install(|| case.answers(&case.pool()?))
    };
    let one: Vec<Tensor> = on(1)?;
    for threads in [2, 3] {
        for (found, expected) in on(threads)?.iter().zip(&one) {
            assert_bits(found, expected)?;
        }
    }
    Ok(())
}

#[test]
fn nothing_pools_to_zeros() -> Result<()> {
    for lengths in [&[][..], &[0], &[0, 0, 0]] {
        for dtype in [DType::F32, DType::F64] {
            let case = Case::draw(lengths, (2, 3, 4), (true, true), 5)?;
            let case = case.map(|tensor| tensor.to_dtype(dtype))?;
            let answers = case.answers(&case.pool()?)?;
            assert_eq!(answers[0].dims(), [lengths.len(), 2, 4]);
            for answer in answers.iter().filter(|answer| answer.elem_count() > 0) {
                assert_eq!(gap(answer, &answer.zeros_like()?)?.to_bits(), 0, "{lengths:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_bag_with_weights_of_minus_infinity_is_empty() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let case = Case::draw(&[3, 2], (2, 3, 4), (true, true), 6)?;
        let none = f64::NEG_INFINITY;
        let weights = Tensor::new(&[none, none, none, 0.5, none], &Device::Cpu)?;
        let case = Case { log_weights: Some(Var::from_tensor(&weights)?), ..case };
        let case = case.map(|tensor| tensor.to_dtype(dtype))?;
        let answers = case.answers(&case.pool()?)?;
        assert!(answers.iter().all(|answer| gap(answer, answer).is_ok()), "all are finite");
        assert_eq!(gap(&answers[0].get(0)?, &answers[0].get(0)?.zeros_like()?)?.to_bits(), 0);
        let values = case.projected.as_ref().expect("drawn").get(3)?;
        assert!(gap(&answers[0].get(1)?.get(1)?, &values)? < 1e-6);
    }
    Ok(())
}

/// Tensors that are strided, constant, or play two roles.
#[test]
fn tensors_may_be_views_and_constants() -> Result<()> {
    let case = Case::draw(&[4, 3], (2, 3, 3), (false, false), 7)?;
    let case = case.map(|tensor| tensor.to_dtype(DType::F32))?;
    let expected = case.answers(&case.pool()?)?;
    let strided = case.stored.t()?.contiguous()?.t()?;
    let as_values = RaggedPatterns::new(&strided).projected(&strided);
    let z = ragged_pool(&case.bags, &as_values, &case.states, &case.betas)?;
    for (found, expected) in case.answers(&z)?.iter().zip(&expected) {
        assert_bits(found, expected)?;
    }
    let (keys, values) = (case.stored.narrow(1, 0, 3)?, case.stored.reshape((7, 3))?);
    let apart = RaggedPatterns::new(&keys).projected(&values);
    let z = ragged_pool(&case.bags, &apart, &case.states, &case.betas)?;
    for (found, expected) in case.answers(&z)?.iter().zip(&expected) {
        assert!(gap(found, expected)? < 1e-6);
    }
    let constant = RaggedPatterns::new(&case.stored.detach()).stored.clone();
    let z = ragged_pool(&case.bags, &RaggedPatterns::new(&constant), &case.states, &case.betas)?;
    let gradients = (z * &case.dz)?.sum_all()?.backward()?;
    assert!(gradients.get(&constant).is_none() && gradients.get(&case.stored).is_none());
    assert_bits(gradients.get(&case.states).expect("a variable"), &expected[2])
}

#[test]
fn ragged_softmax_is_a_softmax_of_each_bag() -> Result<()> {
    let lengths = [3, 0, 70, 1];
    let bags = Bags::from_lengths(&lengths).expect("few patterns");
    let mut from = Source(ChaCha8Rng::seed_from_u64(8));
    // Scores far beyond the range of exp.
    let scores = Var::from_tensor(&(from.tensor(&[74, 3])? * 1000.0)?)?;
    let small = Var::from_tensor(&from.tensor(&[74, 3])?)?;
    let upstream = from.tensor(&[74, 3])?;
    for (scores, tolerance) in [(&scores, 1e-12), (&small, 1e-14)] {
        let found = ragged_softmax(scores, &bags)?;
        let of_bags: Vec<Tensor> = bags
            .iter()
            .filter(|bag| !bag.is_empty())
            .map(|bag| candle_nn::ops::softmax(&scores.narrow(0, bag.start, bag.len())?, 0))
            .collect::<Result<_>>()?;
        let expected = Tensor::cat(&of_bags, 0)?;
        assert!(gap(&found, &expected)? < tolerance);
        let gradient = |of: &Tensor| -> Result<Tensor> {
            let gradients = (of * &upstream)?.sum_all()?.backward()?;
            Ok(gradients.get(scores).expect("a variable").clone())
        };
        assert!(gap(&gradient(&found)?, &gradient(&expected)?)? < tolerance);
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error() -> Result<()> {
    let message =
        |result: Result<Bags>| result.map_or_else(|err| err.to_string(), |_| String::new());
    assert!(message(Bags::new(&[])).starts_with("no offsets"));
    assert!(message(Bags::new(&[1, 2])).starts_with("offset 0 is 1; expected 0"));
    assert!(
        message(Bags::new(&[0, 5, 4])).starts_with("offset 2 is 4, below offset 1, which is 5")
    );
    let case = Case::draw(&[2, 2], (2, 3, 4), (true, true), 9)?;
    let fails = |case: &Case, start: &str| {
        let message = case.pool().map_or_else(|err| err.to_string(), |_| String::new());
        assert!(message.starts_with(start), "{message}");
    };
    fails(
        &Case { bags: Bags::from_lengths(&[2, 1]).expect("few patterns"), ..case.clone() },
        "offset 2 is 3; expected 4",
    );
    let other = Case::draw(&[2, 3], (3, 5, 6), (true, true), 9)?;
    for wrong in [
        Case { projected: other.projected.clone(), ..case.clone() },
        Case { log_weights: other.log_weights.clone(), ..case.clone() },
        Case { states: other.states.clone(), ..case.clone() },
        Case { betas: other.betas.clone(), ..case.clone() },
    ] {
        fails(&wrong, "ragged pooling: stored [4, 3]");
    }
    let narrow = case.map(|tensor| tensor.to_dtype(DType::F32))?;
    fails(&Case { betas: narrow.betas, ..case.clone() }, "ragged pooling: F32");
    assert!(
        ragged_softmax(&case.stored, &Bags::from_lengths(&[3]).expect("few patterns")).is_err()
    );
    Ok(())
}
