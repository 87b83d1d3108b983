//! Known antigens beside the clonotypes that drove the scores, and how many chance alone would put there.
//!
//! The leading clonotypes of a ranking are held against receptors of databases
//! ([`reperio_data::antigens`]), and so is every other clonotype of the repertoire. If K of its M clonotypes match, n
//! clonotypes drawn at random without replacement match
//!
//! ```text
//! E[X] = n K / M        P(X >= k) of the hypergeometric distribution
//! ```
//!
//! on average, and k or more with this probability. A leader of a cohort is held against the repertoire in which its evidence
//! is highest: chance draws as many clonotypes of each repertoire as lead there, and their matches add up. A cohort
//! of one repertoire has the same numbers as the repertoire.
//!
//! The same is counted for each species of antigen. Of many species one often stands out by chance, so P is also given
//! multiplied by the number of species that any clonotype could have matched (Bonferroni).
//!
//! Chance knows nothing of how clonotypes are made. Those that many people carry are easily made, lead easily and are
//! in databases more often than others; matches beyond chance may have no other reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reperio_data::alphabet;
use reperio_data::antigens::{AntigenIndex, Match};
use reperio_data::gene::Species;
use reperio_data::repertoire::Repertoire;
use reperio_stats::hypergeometric::{Draw, at_least};

use super::{Leading, Ranked};

/// Clonotypes of each ranking that are held against the databases: fewer if a ranking has fewer.
pub const LEADING: usize = 100;

/// How many clonotypes of a repertoire match a receptor of the databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Species that its genes are of; receptors of another one match none of its clonotypes.
    pub species: Species,
    /// All its clonotypes.
    pub clonotypes: usize,
    /// Those without a V gene, which cannot match.
    pub without_v: usize,
    /// Those that match.
    pub matching: usize,
    /// Those that match a receptor for an antigen of each species, where the database names it.
    pub by_species: BTreeMap<Arc<str>, usize>,
}

impl Known {
    /// Looks at every clonotype of a repertoire.
    pub fn of(index: &AntigenIndex, repertoire: &Repertoire) -> Self {
        let genes = repertoire.genes();
        let species = Species::of_genes(genes.v.iter().chain(&genes.j).map(String::as_str));
        let clonotypes = repertoire.len();
        let by_species = BTreeMap::new();
        let mut known = Self { species, clonotypes, without_v: 0, matching: 0, by_species };
        for i in 0..repertoire.len() {
            let v_call = repertoire.v_call(i);
            known.without_v += usize::from(v_call.is_empty());
            let found = index.find(repertoire.junction_codes(i), v_call, species);
            known.matching += usize::from(!found.is_empty());
            for name in antigen_species(index, &found) {
                *known.by_species.entry(name).or_default() += 1;
            }
        }
        known
    }

    /// Its clonotypes that match any receptor, or one for this species of antigen.
    pub fn matching_for(&self, antigen_species: Option<&str>) -> usize {
        antigen_species
            .map_or(self.matching, |name| self.by_species.get(name).copied().unwrap_or_default())
    }
}

/// Species of the antigens of the receptors, those that are named.
fn antigen_species(index: &AntigenIndex, found: &[Match]) -> BTreeSet<Arc<str>> {
    let names = found.iter().map(|own| &index.entries()[own.entry].antigen_species);
    names.filter(|name| !name.is_empty()).cloned().collect()
}

/// A leading clonotype that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Place in the ranking, from 1.
    pub rank: usize,
    /// Junction, anchors included.
    pub junction_aa: String,
    /// V gene.
    pub v_call: String,
    /// J gene, "" if unknown.
    pub j_call: String,
    /// The receptors that it matches, equal junctions first.
    pub matches: Vec<Match>,
}

/// Matches among the leading clonotypes beside those that chance gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Chance {
    /// Species of the antigens; `None` for receptors of any antigen.
    pub antigen_species: Option<Arc<str>>,
    /// Leading clonotypes.
    pub leading: usize,
    /// Those that match.
    pub found: usize,
    /// Matches expected among as many clonotypes drawn at random.
    pub expected: f64,
    /// Probability of as many matches or more by chance.
    pub p_value: f64,
    /// The same after a correction for the number of species that were looked at.
    pub p_adjusted: f64,
}

/// The leading clonotypes for one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotated {
    /// Output of the ranking.
    pub output: String,
    /// Those that match, by rank.
    pub hits: Vec<Hit>,
    /// Matches and chance: of any antigen first, then by species of antigen.
    pub chances: Vec<Chance>,
}

/// Holds the leading clonotypes of one repertoire against the databases: for each of the `outputs` the `best`
/// ([`super::Explained::best`]), highest evidence first.
///
/// # Panics
///
/// If `known` is of a smaller repertoire.
pub fn of_repertoire(
    index: &AntigenIndex,
    known: &Known,
    repertoire: &Repertoire,
    (outputs, best): (&[String], &[Vec<Leading>]),
) -> Vec<Annotated> {
    let of = |(output, best): (&String, &Vec<Leading>)| {
        let leading = &best[..best.len().min(LEADING)];
        let places = leading.iter().zip(1..);
        let hits = places.filter_map(|(Leading { place, .. }, rank)| {
            let (codes, v_call) = (repertoire.junction_codes(*place), repertoire.v_call(*place));
            let matches = index.find(codes, v_call, known.species);
            let junction_aa = repertoire.junction_aa(*place);
            let (v_call, j_call) = (v_call.to_owned(), repertoire.j_call(*place).to_owned());
            (!matches.is_empty()).then_some(Hit { rank, junction_aa, v_call, j_call, matches })
        });
        let hits: Vec<Hit> = hits.collect();
        let chances = chances(index, &hits, &[(known, leading.len())]);
        Annotated { output: output.clone(), hits, chances }
    };
    outputs.iter().zip(best).map(of).collect()
}

/// Holds the leading clonotypes of a cohort against the databases, output by output.
///
/// `known` has what matches in each repertoire, by its id; a leader of another one is left out.
///
/// # Panics
///
/// If more clonotypes lead in a repertoire than it has.
pub fn of_ranking(
    index: &AntigenIndex,
    known: &BTreeMap<String, Known>,
    ranked: &[Ranked],
) -> Vec<Annotated> {
    let of = |own: &[Ranked]| {
        let mut drawn: BTreeMap<&str, usize> = BTreeMap::new();
        let mut hits = Vec::new();
        for one in own.iter().filter(|one| one.rank <= LEADING) {
            let Some(of) = known.get(&one.repertoire_id) else { continue };
            *drawn.entry(&one.repertoire_id).or_default() += 1;
            let codes: Option<Vec<u8>> = one.junction_aa.bytes().map(alphabet::code).collect();
            let matches = index.find(&codes.unwrap_or_default(), &one.v_call, of.species);
            let Ranked { rank, junction_aa, v_call, j_call, .. } = one.clone();
            if !matches.is_empty() {
                hits.push(Hit { rank, junction_aa, v_call, j_call, matches });
            }
        }
        let draws: Vec<_> = drawn.into_iter().map(|(id, n)| (&known[id], n)).collect();
        let chances = chances(index, &hits, &draws);
        Annotated { output: own[0].output.clone(), hits, chances }
    };
    ranked.chunk_by(|a, b| a.output == b.output).map(of).collect()
}

/// Matches and chance where so many clonotypes of each of the repertoires lead.
fn chances(index: &AntigenIndex, hits: &[Hit], draws: &[(&Known, usize)]) -> Vec<Chance> {
    let mut found: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for (known, _) in draws {
        found.extend(known.by_species.keys().map(|name| (name.clone(), 0)));
    }
    for hit in hits {
        for name in antigen_species(index, &hit.matches) {
            *found.entry(name).or_default() += 1;
        }
    }
    let tests = found.len();
    let any = chance(None, hits.len(), draws);
    let by_species = found.into_iter().map(|(name, found)| {
        let own = chance(Some(name), found, draws);
        Chance { p_adjusted: (own.p_value * tests as f64).min(1.0), ..own }
    });
    [any].into_iter().chain(by_species).collect()
}

/// Matches and chance for one species of antigen, or any.
fn chance(antigen_species: Option<Arc<str>>, found: usize, draws: &[(&Known, usize)]) -> Chance {
    let draw = |(known, drawn): &(&Known, usize)| {
        let marked = known.matching_for(antigen_species.as_deref());
        Draw::new(known.clonotypes as u64, marked as u64, *drawn as u64)
            .expect("leaders and matches are clonotypes of the repertoire")
    };
    let all: Vec<Draw> = draws.iter().map(draw).collect();
    let p_value = at_least(found, &all);
    Chance {
        antigen_species,
        leading: draws.iter().map(|(_, drawn)| drawn).sum(),
        found,
        expected: all.iter().map(|draw| draw.mean()).sum(),
        p_value,
        p_adjusted: p_value,
    }
}

#[cfg(test)]
mod tests;
