//! Gradients of the scalar twin against finite differences.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_bag::{
    BagInput, BagLayout, BagShape, FilterGroup, OwnedSequences, PositionTerms, Windows, scalar,
};

/// Six sequences, shorter and longer than the filters, some with unknown genes.
fn six() -> OwnedSequences {
    let rows = [
        ("CASSLGQGAETQYF", [3, 3], 3.0_f32),
        ("CASSPDRGYEQYF", [1, 4], 1.0),
        ("CAWSVGTDTQYF", [0, 2], 7.0),
        ("CSVF", [2, 0], 2.0),
        ("CF", [3, 4], 1.0),
        ("CASSQEGLAGGRNEQFF", [4, 1], 12.0),
    ];
    let mut six = OwnedSequences::default();
    for (residues, genes, count) in rows {
        let code = |residue| "ACDEFGHIKLMNPQRSTVWY".find(residue).expect("a residue") as u8;
        six.push(&residues.chars().map(code).collect::<Vec<_>>(), genes, count.ln());
    }
    six
}

/// Five filters, or as many units of an LSTM.
fn shape(lstm_units: usize, windows: Windows, position: PositionTerms) -> BagShape {
    let filters = [FilterGroup { width: 3, count: 2 }, FilterGroup { width: 5, count: 3 }];
    BagShape {
        filters: if lstm_units == 0 { filters.to_vec() } else { vec![] },
        lstm_units,
        windows,
        position,
        gene_dim: 2,
        v_genes: 5,
        j_genes: 5,
        attention_layers: 2,
        attention_width: 4,
        heads: 2,
        count_scaling: windows == Windows::Padded,
    }
}

fn draw(len: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..len).map(|_| f64::from(rng.random_range(-0.8..0.8_f32))).collect()
}

/// Central differences of `sum(dz * z)` of the twin, parameter by parameter.
#[test]
fn the_twin_agrees_with_finite_differences() {
    const STEP: f64 = 1e-6;
    let six = six();
    let input = BagInput { sequences: six.view(), input_scale: 0.7, padded_length: 19 };
    let bins = PositionTerms::Bins { from_start: 3, from_end: 2 };
    for (units, windows) in
        [(0, Windows::Full), (0, Windows::Padded), (5, Windows::Full), (5, Windows::Padded)]
    {
        for position in [PositionTerms::None, PositionTerms::Ramps, bins, PositionTerms::DeepRc] {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let layout = BagLayout::new(shape(units, windows, position)).unwrap();
            let mut params = draw(layout.len(), &mut rng);
            let dz = draw(2 * 7, &mut rng);
            let gradient = scalar::backward(&layout, &params, &input, &dz);
            for k in 0..params.len() {
                let own = params[k];
                let mut value = |shift: f64| {
                    params[k] = own + shift;
                    let z = scalar::forward(&layout, &params, &input).z;
                    z.iter().zip(&dz).map(|(z, dz)| z * dz).sum::<f64>()
                };
                let slope = (value(STEP) - value(-STEP)) / (2.0 * STEP);
                params[k] = own;
                let error = (slope - gradient[k]).abs();
                assert!(
                    error < 1e-7,
                    "{units} {windows:?} {position:?} {k}: {slope} != {}",
                    gradient[k]
                );
            }
        }
    }
}
