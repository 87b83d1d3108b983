//! Pools of public clonotypes. The signal is a set of whole clonotypes, like those shared by people infected with
//! the same virus.
//!
//! A pool is drawn from the background itself. So its clonotypes also occur by chance in negative
//! repertoires and, in addition to the implanted ones, in positive ones. Its members
//! are public: at least two donors share them.
//!
//! - Of a generator: [`DONORS`] reference donors of [`DEPTH`] clonotypes, who are not in the cohort, are
//!   drawn with their own gene usage, and the members are chosen evenly among the clonotypes that exactly
//!   two of them have. With the built-in generator, such a clonotype has a probability of 2 * 10^-7 on
//!   average and occurs in one of 200 repertoires of 25,000 clonotypes: few people have it, and they share it by
//!   chance. More common clonotypes could not separate patients from others. Rarer ones are not shared.
//! - Of real repertoires: chosen evenly among the clonotypes that two or more of them have.

use std::collections::{BTreeMap, HashMap};

use rand::seq::index;
use rayon::prelude::*;

use super::SimulationError;
use super::background::Background;
use super::config::{InvalidSimulation, SimulationConfig};
use super::draft;
use super::stream::{self, Stream};
use crate::alphabet;
use crate::generator::Generator;
use crate::repertoire::Repertoire;

/// Reference donors of a generator.
const DONORS: usize = 160;
/// Draws for each of them.
const DEPTH: usize = 25_000;

/// A clonotype of a pool.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PoolMember {
    /// Residue codes of the junction.
    pub(super) junction: Vec<u8>,
    pub(super) v_call: String,
    pub(super) j_call: String,
}

/// The clonotypes that are a signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    members: Vec<PoolMember>,
    /// Members by junction.
    by_junction: HashMap<Vec<u8>, Vec<usize>>,
}

impl Pool {
    /// The pool of the signal `name`, as the configuration lists its clonotypes.
    pub(super) fn new(name: &str, clonotypes: &[String]) -> Result<Self, InvalidSimulation> {
        let read = |text: &String| {
            member(text).ok_or_else(|| InvalidSimulation::Clonotype {
                key: format!("pool_clonotypes.{name}"),
                found: text.clone(),
            })
        };
        let members: Vec<PoolMember> = clonotypes.iter().map(read).collect::<Result<_, _>>()?;
        let mut by_junction: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            by_junction.entry(member.junction.clone()).or_default().push(at);
        }
        Ok(Self { members, by_junction })
    }

    /// Its clonotypes, in the order of the configuration.
    pub(super) fn members(&self) -> &[PoolMember] {
        &self.members
    }

    /// Whether a clonotype is in it.
    pub(super) fn contains(&self, junction: &[u8], v_call: &str, j_call: &str) -> bool {
        let same = |&at: &usize| {
            let member = &self.members[at];
            member.v_call == v_call && member.j_call == j_call
        };
        self.by_junction.get(junction).is_some_and(|members| members.iter().any(same))
    }
}

/// Reads `CASSLGTDTQYF TRBV9 TRBJ2-3`.
fn member(text: &str) -> Option<PoolMember> {
    let fields: Vec<&str> = text.split(' ').collect();
    let &[junction_aa, v_call, j_call] = fields.as_slice() else { return None };
    let junction = junction_aa.bytes().map(alphabet::code).collect::<Option<Vec<u8>>>()?;
    let whole = !junction.is_empty() && !v_call.is_empty() && !j_call.is_empty();
    let (v_call, j_call) = (v_call.to_owned(), j_call.to_owned());
    whole.then_some(PoolMember { junction, v_call, j_call })
}

/// How a clonotype is written in the configuration.
fn text(junction: &[u8], v_call: &str, j_call: &str) -> String {
    format!("{} {v_call} {j_call}", alphabet::decode(junction))
}

/// The configuration with the clonotypes of all its pools; pools that list theirs already stay.
pub(super) fn resolve(
    config: &SimulationConfig,
    background: Background<'_>,
) -> Result<SimulationConfig, SimulationError> {
    let mut resolved = config.clone();
    let is_missing = |(name, _): &(&String, &usize)| !config.pool_clonotypes.contains_key(*name);
    let missing = || config.pools.iter().filter(is_missing);
    let wanted: usize = missing().map(|(_, size)| size).sum();
    if wanted == 0 {
        return Ok(resolved);
    }
    let mut drawn = match background {
        Background::Generator(generator) => of_generator(generator, config, wanted),
        Background::Repertoires(real) => of_repertoires(real, config.seed, wanted),
    };
    if drawn.len() < wanted {
        return Err(SimulationError::SmallPool { found: drawn.len(), wanted });
    }
    for (name, &size) in missing() {
        resolved.pool_clonotypes.insert(name.clone(), drawn.drain(..size).collect());
    }
    Ok(resolved)
}

/// Public clonotypes of a generator, at most `wanted`, in random order.
fn of_generator(generator: &Generator, config: &SimulationConfig, wanted: usize) -> Vec<String> {
    let donor = |donor: usize| {
        let mut hashes = Vec::with_capacity(DEPTH);
        reference(generator, config, donor, |hash, _, _| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    };
    let mut hashes: Vec<u64> = (0..DONORS).into_par_iter().flat_map_iter(donor).collect();
    hashes.par_sort_unstable();
    let public: Vec<u64> =
        hashes.chunk_by(u64::eq).filter(|holders| holders.len() == 2).map(|two| two[0]).collect();
    let mut rng = stream::of(config.seed, Stream::Pools);
    let chosen = index::sample(&mut rng, public.len(), wanted.min(public.len()));
    let places: HashMap<u64, usize> =
        chosen.into_iter().enumerate().map(|(place, at)| (public[at], place)).collect();
    let found = |donor: usize| {
        let mut own = Vec::new();
        reference(generator, config, donor, |hash, junction, (v, j)| {
            if let Some(&place) = places.get(&hash) {
                let genes = generator.genes();
                own.push((place, text(junction, &genes.v[v], &genes.j[j])));
            }
        });
        own
    };
    // Each stands here twice or, where a donor drew it again, more often.
    let all: BTreeMap<usize, String> =
        (0..DONORS).into_par_iter().flat_map_iter(found).collect::<Vec<_>>().into_iter().collect();
    all.into_values().collect()
}

/// Hands the clonotypes of a reference donor to `each`: a number that stands for it, its junction
/// and its genes. Clonotypes without a known gene are passed over.
fn reference(
    generator: &Generator,
    config: &SimulationConfig,
    donor: usize,
    mut each: impl FnMut(u64, &[u8], (usize, usize)),
) {
    let mut rng = stream::of(config.seed, Stream::Reference(donor));
    let usage =
        if config.gene_variation { generator.draw_usage(&mut rng) } else { generator.mean_usage() };
    let genes = generator.genes();
    let mut junction = Vec::new();
    for _ in 0..DEPTH {
        junction.clear();
        let (v, j) = generator.draw(&usage, &mut junction, &mut rng);
        if genes.v[v].is_empty() || genes.j[j].is_empty() {
            continue;
        }
        each(draft::hash(&junction, (v, j)), &junction, (v, j));
    }
}

/// Public clonotypes of real repertoires, at most `wanted`, in random order.
fn of_repertoires(real: &[Repertoire], seed: u64, wanted: usize) -> Vec<String> {
    let mut holders: BTreeMap<(&[u8], &str, &str), usize> = BTreeMap::new();
    for repertoire in real {
        for i in 0..repertoire.len() {
            let (v_call, j_call) = (repertoire.v_call(i), repertoire.j_call(i));
            if !v_call.is_empty() && !j_call.is_empty() {
                *holders.entry((repertoire.junction_codes(i), v_call, j_call)).or_default() += 1;
            }
        }
    }
    let public: Vec<_> = holders.into_iter().filter(|&(_, n)| n >= 2).map(|(key, _)| key).collect();
    let mut rng = stream::of(seed, Stream::Pools);
    let chosen = index::sample(&mut rng, public.len(), wanted.min(public.len()));
    let written = |at: usize| {
        let (junction, v_call, j_call) = public[at];
        text(junction, v_call, j_call)
    };
    chosen.into_iter().map(written).collect()
}
