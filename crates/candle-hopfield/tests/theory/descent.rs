//! Energy and update rule: Eq. (2), Eq. (3), Theorems 1 and 2, Lemma A1.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_hopfield::energy::{Bounds, association, energy, update};
use candle_hopfield::{RetrievalConfig, retrieve};
use proptest::prelude::*;

use crate::support::{matrix, normals, rng, seeded, slow_energy, slow_update};

/// A random memory and cues: sizes, temperature, scale and seed drawn by proptest.
#[derive(Clone, Debug)]
struct Case {
    stored: Vec<Vec<f64>>,
    cues: Vec<Vec<f64>>,
    beta: f64,
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = (1usize..24, 1usize..12, 1usize..5);
    (sizes, -3.0f64..3.0, -1.5f64..1.5, any::<u64>()).prop_map(
        |((n, d, m), log_beta, log_scale, seed)| {
            let rng = &mut rng(seed);
            let scale = log_scale.exp();
            let mut rows = |count| -> Vec<Vec<f64>> {
                (0..count).map(|_| normals(rng, d).iter().map(|x| x * scale).collect()).collect()
            };
            Case { stored: rows(n), cues: rows(m), beta: log_beta.exp() }
        },
    )
}

fn check_definition(case: &Case, dtype: DType, tolerance: f64) -> Result<()> {
    let (stored, cues) =
        (matrix(&case.stored)?.to_dtype(dtype)?, matrix(&case.cues)?.to_dtype(dtype)?);
    let energies = energy(&stored, &cues, case.beta)?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    let updated = update(&stored, &cues, case.beta)?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
    // Terms of the energy cancel: its error is that of the largest term.
    let size = 1.0 + case.stored.iter().chain(&case.cues).flatten().map(|x| x * x).sum::<f64>();
    for ((cue, e), new) in case.cues.iter().zip(energies).zip(updated) {
        let expected = slow_energy(&case.stored, cue, case.beta);
        assert!(
            (e - expected).abs() <= tolerance * (size + 1.0 / case.beta),
            "{e} {expected} {case:?}"
        );
        for (x, y) in new.iter().zip(slow_update(&case.stored, cue, case.beta)) {
            assert!(
                (x - y).abs() <= tolerance * size * (1.0 + case.beta * size),
                "{x} {y} {case:?}"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeded(200))]

    #[test]
    fn energy_and_update_equal_their_definitions(case in case()) {
        check_definition(&case, DType::F64, 1e-13).expect("f64");
        check_definition(&case, DType::F32, 1e-5).expect("f32");
    }

    #[test]
    fn the_energy_never_increases_and_keeps_its_bounds(case in case()) {
        let (stored, cues) = (matrix(&case.stored).expect("stored"), matrix(&case.cues).expect("cues"));
        let config = RetrievalConfig { beta: case.beta, eps: 1e-9, max_steps: 30 };
        let trajectory = retrieve(&stored, &cues, &config).expect("retrieval");
        let bounds = Bounds::of(&stored, case.beta).expect("bounds");
        let ceiling = bounds.largest_energy();
        let rounding = 1e-12 * (1.0 + ceiling + 1.0 / case.beta);
        let energies: Vec<Vec<f64>> =
            trajectory.energies.iter().map(|e| e.to_vec1().expect("energies")).collect();
        for (t, pair) in energies.windows(2).enumerate() {
            for (before, after) in pair[0].iter().zip(&pair[1]) {
                prop_assert!(after <= &(before + rounding), "step {t}: {before} -> {after}");
                prop_assert!(*after <= ceiling + rounding, "step {t}: {after} above {ceiling}");
            }
        }
        prop_assert!(ceiling <= 2.0 * bounds.largest_norm.powi(2));
        prop_assert!(energies.iter().flatten().all(|&e| e >= -rounding), "{energies:?}");
    }
}

#[test]
fn the_gradient_of_the_energy_is_the_step_of_the_update() -> Result<()> {
    let rng = &mut rng(1);
    let rows: Vec<Vec<f64>> = (0..7).map(|_| normals(rng, 5)).collect();
    let stored = matrix(&rows)?;
    let states = Var::from_tensor(&matrix(&[normals(rng, 5), normals(rng, 5)])?)?;
    let grads = energy(&stored, &states, 0.8)?.sum_all()?.backward()?;
    let gradient = grads.get(&states).expect("the states are a variable");
    let step = (states.as_tensor() - update(&stored, &states, 0.8)?)?;
    let gap = (gradient - step)?.abs()?.max_all()?.to_scalar::<f64>()?;
    assert!(gap < 1e-14, "{gap}");
    Ok(())
}

#[test]
fn gradients_for_the_stored_patterns_pass_finite_differences() -> Result<()> {
    let rng = &mut rng(2);
    let rows: Vec<Vec<f64>> = (0..4).map(|_| normals(rng, 3)).collect();
    let states = matrix(&[normals(rng, 3), normals(rng, 3)])?;
    let value = |stored: &Tensor| -> Result<Tensor> {
        let moved = update(stored, &states, 1.3)?.sqr()?.sum_all()?;
        energy(stored, &states, 1.3)?.sum_all()? + moved
    };
    let stored = Var::from_tensor(&matrix(&rows)?)?;
    let grads = value(&stored)?.backward()?;
    let gradient = grads.get(&stored).expect("the patterns are a variable").to_vec2::<f64>()?;
    for i in 0..4 {
        for j in 0..3 {
            let at = |shift: f64| -> Result<f64> {
                let mut rows = rows.clone();
                rows[i][j] += shift;
                value(&matrix(&rows)?)?.to_scalar()
            };
            let expected = (at(1e-6)? - at(-1e-6)?) / 2e-6;
            assert!(
                (gradient[i][j] - expected).abs() < 1e-7,
                "{i} {j}: {} {expected}",
                gradient[i][j]
            );
        }
    }
    Ok(())
}

/// With equal scores the maximum is tied; its wrong gradient in candle must not reach the energy.
#[test]
fn ties_do_not_disturb_the_gradient() -> Result<()> {
    let stored = Var::from_tensor(&matrix(&[vec![1.0, 0.0], vec![0.0, 1.0], vec![-1.0, 0.0]])?)?;
    let state = Var::from_tensor(&Tensor::zeros((1, 2), DType::F64, &Device::Cpu)?)?;
    let grads = energy(&stored, &state, 1.0)?.sum_all()?.backward()?;
    let gradient = grads.get(&state).expect("a variable").to_vec2::<f64>()?;
    assert!(
        gradient[0][0].abs() < 1e-15 && (gradient[0][1] + 1.0 / 3.0).abs() < 1e-15,
        "{gradient:?}"
    );
    // At a state of zero only M depends on the patterns: one of the three tied norms receives it all.
    let gradient = grads.get(&stored).expect("a variable").to_vec2::<f64>()?;
    let norms: Vec<f64> = gradient.iter().map(|row| row.iter().map(|x| x.abs()).sum()).collect();
    assert!((norms.iter().sum::<f64>() - 1.0).abs() < 1e-15, "{gradient:?}");
    Ok(())
}

#[test]
fn large_scores_do_not_overflow() -> Result<()> {
    let stored = matrix(&[vec![300.0, 0.0], vec![0.0, 300.0]])?.to_dtype(DType::F32)?;
    let state = matrix(&[vec![290.0, 3.0]])?.to_dtype(DType::F32)?;
    let e = energy(&stored, &state, 10.0)?.to_vec1::<f32>()?[0];
    // One pattern answers: half the squared distance, plus ln 2 / beta.
    let expected = 0.5 * (10f32.powi(2) + 3f32.powi(2)) + 2f32.ln() / 10.0;
    assert!((e - expected).abs() < 0.05, "{e} {expected}");
    assert_eq!(association(&stored, &state, 10.0)?.to_vec2::<f32>()?, [[1.0, 0.0]]);
    Ok(())
}

#[test]
fn a_trajectory_ends_by_eps_or_by_its_limit() -> Result<()> {
    let rng = &mut rng(3);
    let rows: Vec<Vec<f64>> = (0..6).map(|_| normals(rng, 8)).collect();
    let stored = matrix(&rows)?;
    let cues = matrix(&[rows[0].clone(), vec![0.01; 8]])?;
    let free = RetrievalConfig { beta: 1.0, eps: 1e-6, max_steps: 1000 };
    let trajectory = retrieve(&stored, &cues, &free)?;
    assert!(trajectory.converged.iter().all(|&done| done), "{:?}", trajectory.steps);
    let longest = *trajectory.steps.iter().max().expect("two states");
    assert!(trajectory.steps[0] < trajectory.steps[1], "{:?}", trajectory.steps);
    assert_eq!((trajectory.states.len(), trajectory.energies.len()), (longest + 1, longest + 1));
    // The state that converged first is the one it would be alone: it does not move with the other.
    let alone = retrieve(&stored, &cues.narrow(0, 0, 1)?, &free)?.retrieved().to_vec2::<f64>()?;
    assert_eq!(alone[0], trajectory.retrieved().to_vec2::<f64>()?[0]);
    let short = retrieve(&stored, &cues, &RetrievalConfig { max_steps: 1, ..free })?;
    assert_eq!((short.steps, short.converged), (vec![1, 1], vec![false, false]));
    let still = retrieve(&stored, &cues, &RetrievalConfig { max_steps: 0, ..free })?;
    assert_eq!(still.retrieved().to_vec2::<f64>()?, cues.to_vec2::<f64>()?);
    Ok(())
}

#[test]
fn wrong_arguments_are_errors_that_say_so() -> Result<()> {
    let stored = Tensor::zeros((3, 4), DType::F64, &Device::Cpu)?;
    let narrow = Tensor::zeros((1, 3), DType::F64, &Device::Cpu)?;
    let single = Tensor::zeros((1, 4), DType::F32, &Device::Cpu)?;
    let state = Tensor::zeros((1, 4), DType::F64, &Device::Cpu)?;
    let message = |result: Result<Tensor>| result.expect_err("wrong arguments").to_string();
    assert!(message(energy(&stored, &narrow, 1.0)).contains("expected (m, 4)"));
    assert!(message(update(&stored, &single, 1.0)).contains("F32"));
    for beta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(message(energy(&stored, &state, beta)).contains("beta"));
    }
    assert!(Bounds::of(&stored, 1.0).is_err(), "all patterns are zero");
    let config = RetrievalConfig { eps: f64::NAN, ..RetrievalConfig::new(1.0) };
    assert!(retrieve(&stored, &state, &config).is_err());
    Ok(())
}
