//! A GPU is tested before it is used: a small bag must come out as on the CPU.
//!
//! A driver, a compiler or a GPU that is wrong would otherwise give scores that look right.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cuda::{CudaError, Gpu};
use super::{
    BagInput, BagLayout, BagShape, FilterGroup, OwnedSequences, PositionTerms, RESIDUES, Windows,
};
use super::{backward, forward, sequences};

/// Largest difference, relative to the norm of what is compared.
const TOLERANCE: f64 = 1e-4;
/// Sequences: several tiles and a rest.
const SEQUENCES: usize = 333;

/// Pools, explains and differentiates a bag on `gpu` and on the CPU.
///
/// # Errors
///
/// If the GPU fails or differs.
pub(super) fn check(gpu: &Gpu) -> Result<(), CudaError> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let layout = BagLayout::new(shape()).expect("sizes in range");
    let params: Vec<f32> = (0..layout.len()).map(|_| rng.random_range(-0.3..0.3)).collect();
    let drawn = sequences_of(layout.shape(), &mut rng);
    let bag = BagInput { sequences: drawn.view(), input_scale: 1.0, padded_length: 0 };
    let pooled = forward(&layout, &params, &[bag]);
    let dz: Vec<f32> = (0..pooled[0].z.len()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let found = gpu.forward(&layout, &params, &[bag])?;
    agree("pooling", &found[0].z, &pooled[0].z)?;
    let found = gpu.sequences(&layout, &params, &bag, (&pooled[0], &dz))?;
    let expected = sequences(&layout, &params, &bag, &pooled[0], &dz);
    agree("attention", &found.attention, &expected.attention)?;
    agree("evidence", &found.evidence, &expected.evidence)?;
    let found = gpu.backward(&layout, &params, &[bag], (&pooled, &dz))?;
    agree("the gradient", &found, &backward(&layout, &params, &[bag], &pooled, &dz))
}

fn agree(what: &'static str, found: &[f32], expected: &[f32]) -> Result<(), CudaError> {
    let square = |value: f32| f64::from(value).powi(2);
    let norm = expected.iter().copied().map(square).sum::<f64>().sqrt();
    let gap = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum::<f64>().sqrt();
    // Written so that NaN fails too.
    let close = found.len() == expected.len() && gap <= TOLERANCE * norm;
    if close { Ok(()) } else { Err(CudaError::Wrong { what, difference: gap / norm }) }
}

fn shape() -> BagShape {
    BagShape {
        filters: vec![FilterGroup { width: 5, count: 16 }, FilterGroup { width: 9, count: 16 }],
        lstm_units: 0,
        windows: Windows::Full,
        position: PositionTerms::Bins { from_start: 4, from_end: 4 },
        gene_dim: 8,
        v_genes: 6,
        j_genes: 3,
        attention_layers: 2,
        attention_width: 32,
        heads: 2,
        count_scaling: false,
    }
}

/// Sequences of 1 to 40 residues, some with unknown genes.
fn sequences_of(shape: &BagShape, rng: &mut ChaCha8Rng) -> OwnedSequences {
    let mut drawn = OwnedSequences::default();
    for _ in 0..SEQUENCES {
        let length = rng.random_range(1..=40);
        let codes: Vec<u8> = (0..length).map(|_| rng.random_range(0..RESIDUES)).collect();
        let genes = [shape.v_genes, shape.j_genes].map(|count| rng.random_range(0..count as u16));
        drawn.push(&codes, genes, f32::from(rng.random_range(1..50_u8)).ln());
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_pass_and_others_do_not() {
        assert!(agree("it", &[1.0, 2.0], &[1.000_01, 2.0]).is_ok());
        for found in [&[1.0, 2.1][..], &[f32::NAN, 2.0], &[1.0]] {
            let err = agree("it", found, &[1.0, 2.0]).unwrap_err().to_string();
            assert!(err.starts_with("the GPU is wrong in it"), "{err}");
        }
    }
}
