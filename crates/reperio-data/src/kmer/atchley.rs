//! Atchley factors: five numbers that describe an amino acid, and the embedding of k-mers by them.
//!
//! Each factor sums up many of 494 published amino-acid indices: polarity and accessibility (1),
//! propensity for secondary structure (2), molecular size (3), codon diversity (4), electrostatic
//! charge (5). They are scores of a factor analysis: dimensionless, mean about 0.
//!
//! # References
//!
//! Atchley, Zhao, Fernandes, Drüke, *Solving the protein sequence metric problem*, PNAS 2005.
//! <https://doi.org/10.1073/pnas.0408677102>

/// Factors of one amino acid.
pub const N_FACTORS: usize = 5;

/// Factors by residue code, in the order of [`crate::alphabet::AMINO_ACIDS`].
#[expect(clippy::unreadable_literal, clippy::excessive_precision, reason = "digits as published")]
pub const FACTORS: [[f32; N_FACTORS]; 20] = [
    [-0.59145974, -1.30209266, -0.7330651, 1.5703918, -0.14550842], // A
    [-1.34267179, 0.465423, -0.8620345, -1.0200786, -0.25516894],   // C
    [1.05015062, 0.30242411, -3.6559147, -0.2590236, -3.24176791],  // D
    [1.35733226, -1.45275578, 1.476661, 0.1129444, -0.83715681],    // E
    [-1.00610084, -0.59046634, 1.8909687, -0.3966186, 0.41194139],  // F
    [-0.38387987, 1.65201497, 1.3301017, 1.0449765, 2.06385566],    // G
    [0.33616543, -0.4166278, -1.673369, -1.4738898, -0.07772917],   // H
    [-1.23936304, -0.54652238, 2.1314349, 0.3931618, 0.81630366],   // I
    [1.83146558, -0.56109831, 0.5332237, -0.2771101, 1.64762794],   // K
    [-1.01895162, -0.98693471, -1.5046185, 1.2658296, -0.91181195], // L
    [-0.66312569, -1.52353917, 2.2194787, -1.0047207, 1.21181214],  // M
    [0.94535614, 0.82846219, 1.2991286, -0.1688162, 0.93339498],    // N
    [0.18862522, 2.08084151, -1.6283286, 0.4207004, -1.39177378],   // P
    [0.93056541, -0.17926549, -3.0048731, -0.502591, -1.85303476],  // Q
    [1.53754853, -0.05472897, 1.5021086, 0.4403185, 2.89744417],    // R
    [-0.22788299, 1.39869991, -4.7596375, 0.6701745, -2.64747356],  // S
    [-0.03181782, 0.32571153, 2.2134612, 0.9078985, 1.31337035],    // T
    [-1.33661279, -0.27854634, -0.5440132, 1.2419935, -1.26225362], // V
    [-0.59533918, 0.0090776, 0.6719274, -2.1275244, -0.18358096],   // W
    [0.25999617, 0.82992312, 3.0973596, -0.8380164, 1.51150958],    // Y
];

/// The factors of every residue of `kmer` (residue codes), one residue after another: `k x 5`. What is not a code has
/// zeros.
///
/// # Examples
///
/// ```
/// use reperio_data::kmer::atchley;
///
/// let embedded = atchley::embed(&[0, 1]); // "AC"
/// assert_eq!(embedded.len(), 10);
/// assert_eq!(embedded[5..], atchley::FACTORS[1]);
/// ```
pub fn embed(kmer: &[u8]) -> Vec<f32> {
    let factors = |&code: &u8| FACTORS.get(usize::from(code)).copied().unwrap_or_default();
    kmer.iter().flat_map(factors).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet;

    /// The file's first lines state its provenance.
    const PUBLISHED: &str = include_str!("../../tests/data/atchley.csv");

    #[test]
    fn the_table_equals_an_independent_source() {
        let rows: Vec<&str> = PUBLISHED.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(rows.len(), 21, "a header and 20 residues");
        for row in &rows[1..] {
            let (residue, factors) = row.split_once(',').unwrap();
            let code = alphabet::code(residue.as_bytes()[0]).unwrap();
            let factors: Vec<f32> = factors.split(',').map(|text| text.parse().unwrap()).collect();
            assert_eq!(FACTORS[usize::from(code)].to_vec(), factors, "{residue}");
        }
    }

    #[test]
    fn a_kmer_is_embedded_residue_by_residue() {
        let tyrosine = FACTORS[19];
        assert_eq!(embed(&[19, 0, 19])[..5], tyrosine);
        assert_eq!(embed(&[19, 0, 19])[10..], tyrosine);
        assert!(embed(&[]).is_empty());
    }
}
