//! Fitting together with a test: how far generated repertoires are from runs that the generator
//! never saw, and how far real runs are from each other.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::divergence::{Comparison, Profile};
use super::{FitError, FitOptions, Generator};
use crate::repertoire::Repertoire;

/// Generated repertoires that represent a generator in a comparison.
const SAMPLES: usize = 50;
/// Clonotypes of each.
const CLONOTYPES: usize = 10_000;

/// Repertoires that share a laboratory and a protocol, such as one project.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Name in the table.
    pub name: String,
    /// Its repertoires, in a fixed order.
    pub repertoires: Vec<&'a Repertoire>,
}

/// A generator and its comparisons.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Fitted to the training repertoires of all groups.
    pub generator: Generator,
    /// Ids of the repertoires it was not fitted to.
    pub held_out: Vec<String>,
    /// Generator against held-out repertoires, beside training against held-out repertoires; then
    /// the same with each group held out as a whole; then all pairs of real groups.
    pub comparisons: Vec<Comparison>,
}

/// Fits a generator to all but every `every`-th repertoire of each group and compares.
///
/// # Errors
///
/// If a training part holds no clonotype.
///
/// # Panics
///
/// If `every` is below 2, or a held-out part holds no clonotype of at least three residues.
pub fn fit(groups: &[Group<'_>], every: usize, options: &FitOptions) -> Result<Fitted, FitError> {
    assert!(every >= 2, "every {every} repertoires, expected at least 2");
    let (mut training, mut held_out) = (Vec::new(), Vec::new());
    for group in groups {
        for (i, &repertoire) in group.repertoires.iter().enumerate() {
            let side = if i % every == every - 1 { &mut held_out } else { &mut training };
            side.push(repertoire);
        }
    }
    let generator = Generator::fit(&training, options)?;
    let mut comparisons = Vec::new();
    if !held_out.is_empty() {
        let unseen = Profile::of(&held_out);
        let target = "held-out runs";
        comparisons.push(row("generator", target, &sampled(&generator), &unseen));
        comparisons.push(row("its training runs", target, &Profile::of(&training), &unseen));
    }
    let profiles: Vec<Profile> =
        groups.iter().map(|group| Profile::of(&group.repertoires)).collect();
    if groups.len() > 1 {
        for (at, group) in groups.iter().enumerate() {
            let others = groups.iter().enumerate().filter(|&(other, _)| other != at);
            let others: Vec<&Repertoire> =
                others.flat_map(|(_, group)| group.repertoires.iter().copied()).collect();
            let without = Generator::fit(&others, options)?;
            let (name, unseen) = (&group.name, &profiles[at]);
            comparisons.push(row("generator of the others", name, &sampled(&without), unseen));
            comparisons.push(row("the others", name, &Profile::of(&others), unseen));
        }
    }
    for (at, group) in groups.iter().enumerate() {
        for (other, profile) in groups[..at].iter().zip(&profiles) {
            comparisons.push(row(&other.name, &group.name, profile, &profiles[at]));
        }
    }
    let held_out = held_out.iter().map(|repertoire| repertoire.id.clone()).collect();
    Ok(Fitted { generator, held_out, comparisons })
}

fn row(a: &str, b: &str, first: &Profile, second: &Profile) -> Comparison {
    Comparison { a: a.to_owned(), b: b.to_owned(), divergences: first.compare(second) }
}

/// Repertoires of the average donor.
fn sampled(generator: &Generator) -> Profile {
    let usage = generator.mean_usage();
    let draw = |number: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        generator.repertoire(number.to_string(), CLONOTYPES, &usage, &mut rng)
    };
    let samples: Vec<Repertoire> = (0..SAMPLES).map(draw).collect();
    Profile::of(&samples.iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator fitted to generated repertoires gives them back; groups that differ in nothing
    /// but chance are as close.
    #[test]
    fn a_generator_of_generated_repertoires_gives_them_back() {
        let source = Generator::human_trb();
        let usage = source.mean_usage();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let real: Vec<Repertoire> =
            (0..10).map(|i| source.repertoire(i.to_string(), 4_000, &usage, &mut rng)).collect();
        let group = |name: &str, range: std::ops::Range<usize>| Group {
            name: name.to_owned(),
            repertoires: real[range].iter().collect(),
        };
        let groups = [group("a", 0..5), group("b", 5..10)];
        let fitted = fit(&groups, 5, &FitOptions::default()).unwrap();
        assert_eq!(fitted.held_out, ["4", "9"]);
        let names: Vec<(&str, &str)> =
            fitted.comparisons.iter().map(|row| (&row.a[..], &row.b[..])).collect();
        let expected = [
            ("generator", "held-out runs"),
            ("its training runs", "held-out runs"),
            ("generator of the others", "a"),
            ("the others", "a"),
            ("generator of the others", "b"),
            ("the others", "b"),
            ("a", "b"),
        ];
        assert_eq!(names, expected);
        for row in &fitted.comparisons {
            let found = &row.divergences;
            assert!(found.length < 0.003 && found.v < 0.006 && found.kmer3 < 0.03, "{row:?}");
        }
    }
}
