//! The background generator: simulated repertoires that look like real ones.
//!
//! A clonotype is drawn in three steps: its V and J genes together, its length given both, and its
//! residues by a Markov chain whose tables follow the germline ends (`residues`). Real donors
//! differ in gene usage, so a repertoire first draws its own [`Usage`]. [`Generator::fit`] fits all
//! parameters to real repertoires. A generator fitted to human TCR beta is built in:
//! [`Generator::human_trb`].

mod alias;
mod counts;
pub mod divergence;
mod file;
mod fit;
pub mod held_out;
mod layout;
mod residues;
mod rows;
mod usage;

use rand::{Rng, RngCore};

pub use counts::{CountModel, DepthModel};
pub use file::LoadError;
pub use fit::{FitError, FitOptions};
pub use usage::{Usage, Variation};

use crate::repertoire::{Builder, GeneVocabulary, Repertoire};
use file::Parameters;
use residues::Residues;

/// The card of the shipped generator says what it was fitted to.
const HUMAN_TRB: &[u8] = include_bytes!("../../background/human-trb.json.gz");

/// A fitted background generator.
///
/// # Examples
///
/// ```
/// use rand_chacha::ChaCha8Rng;
/// use rand_chacha::rand_core::SeedableRng;
/// use reperio_data::generator::Generator;
///
/// let generator = Generator::human_trb();
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let usage = generator.draw_usage(&mut rng); // of one donor
/// let donor = generator.repertoire("donor".to_owned(), 100, &usage, &mut rng);
/// assert!((1..=100).contains(&donor.len()), "equal clonotypes collapse");
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    parameters: Parameters,
    residues: Residues,
}

impl Generator {
    /// The generator of human TCR beta repertoires that comes with the program.
    ///
    /// # Panics
    ///
    /// Never: the file is part of the program, and a test reads it.
    pub fn human_trb() -> Self {
        let parameters = Parameters::from_bytes(HUMAN_TRB).expect("the built-in file is valid");
        Self::new(parameters)
    }

    fn new(parameters: Parameters) -> Self {
        let residues = Residues::new(parameters.layout.clone(), &parameters.residues);
        Self { parameters, residues }
    }

    /// Its genes; drawn indices point into these lists.
    pub fn genes(&self) -> &GeneVocabulary {
        &self.parameters.genes
    }

    /// Distribution of clone counts.
    pub fn counts(&self) -> CountModel {
        self.parameters.counts
    }

    /// Distribution of clonotypes per repertoire.
    pub fn depth(&self) -> DepthModel {
        self.parameters.depth
    }

    /// Repertoires and clonotypes that it was fitted to.
    pub fn fitted_to(&self) -> (u64, u64) {
        (self.parameters.fitted_repertoires, self.parameters.fitted_clonotypes)
    }

    /// The gene usage of the average repertoire.
    pub fn mean_usage(&self) -> Usage {
        Usage::new(&self.shares(), &self.parameters.lengths, 0.0)
    }

    /// The gene usage of one donor, drawn so that donors differ as the fitted ones do.
    pub fn draw_usage(&self, rng: &mut impl Rng) -> Usage {
        let Parameters { lengths, variation, layout, .. } = &self.parameters;
        match variation {
            Some(variation) => variation.draw(&self.shares(), layout.n_j, lengths, rng),
            None => self.mean_usage(),
        }
    }

    /// Clonotypes by (V, J).
    fn shares(&self) -> Vec<f64> {
        self.parameters.pairs.iter().map(|&n| f64::from(n)).collect()
    }

    /// Draws one clonotype: appends its residue codes to `junction`, returns its V and J indices.
    pub fn draw(
        &self,
        usage: &Usage,
        junction: &mut Vec<u8>,
        rng: &mut impl RngCore,
    ) -> (usize, usize) {
        let (pair, length) = usage.draw(rng);
        let n_j = self.parameters.layout.n_j;
        let genes = (pair / n_j, pair % n_j);
        self.residues.draw(genes, length, junction, rng);
        genes
    }

    /// Draws a repertoire of `clonotypes` clonotypes; equal ones collapse.
    pub fn repertoire(
        &self,
        id: String,
        clonotypes: usize,
        usage: &Usage,
        rng: &mut impl Rng,
    ) -> Repertoire {
        let genes = self.genes();
        let mut builder = Builder::default();
        let mut junction = Vec::new();
        for _ in 0..clonotypes {
            junction.clear();
            let (v, j) = self.draw(usage, &mut junction, rng);
            let count = self.counts().draw(rng);
            builder.push_codes(&junction, (&genes.v[v], &genes.j[j]), count);
        }
        builder.finish(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_shipped_generator_draws_human_junctions() {
        let generator = Generator::human_trb();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let usage = generator.draw_usage(&mut rng);
        let (mut regular, mut lengths) = (0, 0);
        for _ in 0..2_000 {
            let mut junction = Vec::new();
            let (v, j) = generator.draw(&usage, &mut junction, &mut rng);
            assert!(v < generator.genes().v.len() && j < generator.genes().j.len());
            let letters = alphabet::decode(&junction);
            regular += u32::from(letters.starts_with('C') && letters.ends_with('F'));
            lengths += junction.len();
        }
        assert!(regular > 1_990, "{regular} of 2000 run from C to F");
        assert!(
            (13.0..15.0).contains(&(lengths as f64 / 2_000.0)),
            "mean length of {lengths} / 2000"
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_clonotypes() {
        let generator = Generator::human_trb();
        let draw = || {
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let usage = generator.draw_usage(&mut rng);
            let mut junction = Vec::new();
            let genes: Vec<_> =
                (0..100).map(|_| generator.draw(&usage, &mut junction, &mut rng)).collect();
            (junction, genes)
        };
        assert_eq!(draw(), draw());
    }
}
