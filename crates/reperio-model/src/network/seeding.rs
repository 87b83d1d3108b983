//! Plants the findings of discovery: seeded filters, attention that responds to them from the start, gene columns.

use std::ops::RangeInclusive;

use candle_core::Result;
use reperio_stats::platt::logistic_slope;
use serde::Serialize;

use super::{HEAD_BIAS, HEAD_WEIGHT, Network, PATTERN};
use crate::bag::{Bag, PositionTerms};
use crate::discover::contrast::Contrast;
use crate::discover::{Discovery, Seed};

/// Weight of a matching residue in a seeded filter.
const MATCH: f32 = 3.0;
/// A full match reaches this before the SELU; one mismatch falls to this less [`MATCH`].
const FULL_MATCH: f32 = 1.5;
/// Difference of the key between a match and anything else, after SELU filter and two SELU layers.
const KEY_GAP: f64 = 3.0;
/// Attention that the carriers of all seeds of a state pattern have in all, relative to the rest of the repertoire.
/// More would no longer count carriers: a softmax that only few sequences share does not grow with their number.
const CARRIER_ATTENTION: f64 = 0.3;
/// Head weight of a seeded filter before recalibration.
const HEAD: f32 = 2.0;

/// Where a seed was planted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlantedSeed {
    /// The k-mer, `-` for ignored positions.
    pub kmer: String,
    /// Its score statistic in the training part.
    pub z: f64,
    /// Share of the training sequences that carry it.
    pub share: f64,
    /// Window starts at which it counts.
    pub starts: RangeInclusive<usize>,
    /// Filter group.
    pub group: usize,
    /// Filter inside its group.
    pub filter: usize,
    /// Position of the k-mer inside the filter.
    pub offset: usize,
    /// State pattern that attends to it first.
    pub head: usize,
}

/// What a state pattern is planted for. One pattern attends to all motifs that speak for the same thing, so that
/// its attention ranks the sequences of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Gene usage: everything alike.
    Usage,
    /// Seeds of one output, those of its positive or of its negative repertoires.
    Seeds { output: usize, positive: bool },
}

impl Role {
    fn of(seed: &Seed) -> Self {
        Self::Seeds { output: seed.output, positive: seed.z > 0.0 }
    }

    /// The roles that `discovery` fills; the first is that of gene usage if there is any.
    fn all(discovery: &Discovery) -> Vec<Self> {
        let uses_genes = discovery.genes.iter().any(Option::is_some);
        let mut roles: Vec<Self> = uses_genes.then_some(Self::Usage).into_iter().collect();
        for role in discovery.seeds.iter().map(Self::of) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles
    }
}

impl Discovery {
    /// Number of state patterns that have something to attend to, at most `most`. If there is nothing, all of them, and
    /// descent must find a task for each. A pattern without a task could attend to anything, which rankings would show.
    pub fn heads(&self, most: usize) -> usize {
        match Role::all(self).len() {
            0 => most,
            roles => roles.min(most),
        }
    }
}

impl Discovery {
    /// State patterns that it plants.
    pub(crate) fn roles(&self) -> usize {
        Role::all(self).len()
    }
}

impl Network {
    /// Plants `discovery` and returns where each seed went; seeds for which no filter is left are
    /// not planted.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn plant(&self, discovery: &Discovery) -> Result<Vec<PlantedSeed>> {
        let shape = self.layout.shape().clone();
        let mut used = vec![0; shape.filters.len()];
        let mut planted = Vec::new();
        let roles = Role::all(discovery);
        // More roles than state patterns share them; that of gene usage attends to nothing else.
        let shared = usize::from(roles.first() == Some(&Role::Usage) && shape.heads > 1);
        let head_of = |seed: &Seed| {
            let role = roles.iter().position(|role| *role == Role::of(seed)).unwrap_or(0);
            shared + (role - shared.min(role)) % (shape.heads - shared)
        };
        if roles.first() == Some(&Role::Usage) {
            self.edit(PATTERN, |pattern| pattern[..shape.attention_width].fill(0.0))?;
        }
        for seed in &discovery.seeds {
            let span = seed.pattern.span();
            let free =
                |&g: &usize| shape.filters[g].width >= span && used[g] < shape.filters[g].count;
            let group = (0..used.len()).filter(free).min_by_key(|&g| shape.filters[g].width);
            let Some(group) = group else { continue };
            let unit = planted.len();
            let place = PlantedSeed {
                kmer: seed.text(),
                z: seed.z,
                share: seed.share,
                starts: seed.starts.clone(),
                group,
                filter: used[group],
                offset: (shape.filters[group].width - span) / 2,
                head: head_of(seed),
            };
            used[group] += 1;
            self.plant_filter(seed, &place)?;
            if unit < shape.attention_width {
                let company = discovery.seeds.iter().filter(|own| head_of(own) == place.head);
                let share = CARRIER_ATTENTION / company.count() as f64;
                self.plant_attention(seed, &place, (unit, share))?;
            }
            planted.push(place);
        }
        if shape.gene_dim > 0 {
            self.plant_genes(discovery)?;
        }
        Ok(planted)
    }

    fn channel(&self, place: &PlantedSeed) -> usize {
        let before = &self.layout.shape().filters[..place.group];
        before.iter().map(|group| group.count).sum::<usize>() + place.filter
    }

    /// A position weight matrix with a bias at which only a full match is positive.
    fn plant_filter(&self, seed: &Seed, place: &PlantedSeed) -> Result<()> {
        let group = self.layout.shape().filters[place.group];
        let (g, filter) = (place.group, place.filter);
        self.edit(&format!("filter.{g}.weight"), |weight| {
            for row in weight.chunks_exact_mut(group.count) {
                row[filter] *= 0.1; // Noise that breaks ties between residues not yet weighed.
            }
            for (&at, residue) in
                seed.pattern.offsets().iter().zip(seed.pattern.residues(seed.code))
            {
                let row = (place.offset + usize::from(at)) * 20 + usize::from(residue);
                weight[row * group.count + filter] = MATCH;
            }
        })?;
        let k = seed.pattern.k() as f32;
        self.edit(&format!("filter.{g}.bias"), |bias| bias[filter] = FULL_MATCH - MATCH * k)?;
        if let PositionTerms::Bins { from_start, from_end } = self.layout.shape().position {
            let span = seed.pattern.span();
            let behind = group.width - span - place.offset;
            self.edit(&format!("filter.{g}.position"), |position| {
                for bin in 0..from_start {
                    let start = bin + place.offset;
                    let allowed = seed.starts.contains(&start);
                    let value = preference(seed, &seed.by_start, start, allowed);
                    position[bin * group.count + filter] = value;
                }
                for bin in 0..from_end {
                    let value = preference(seed, &seed.by_end, bin + behind, true);
                    position[(from_start + bin) * group.count + filter] = value;
                }
            })?;
        }
        Ok(())
    }

    /// An identity path from the filter through unit `unit` of the key network to one state pattern, at which the
    /// carriers have the attention `attention`.
    fn plant_attention(
        &self,
        seed: &Seed,
        place: &PlantedSeed,
        (unit, attention): (usize, f64),
    ) -> Result<()> {
        let shape = self.layout.shape();
        let (width, dim, heads) = (shape.attention_width, shape.embedding_dim(), shape.heads);
        let channel = self.channel(place);
        for layer in 0..shape.attention_layers {
            let source = if layer == 0 { channel } else { unit };
            self.edit(&format!("key.{layer}.weight"), |weight| {
                for (input, row) in weight.chunks_exact_mut(width).enumerate() {
                    row[unit] = f32::from(u8::from(input == source));
                }
            })?;
            // 0 in a random network, not in one that was trained before.
            self.edit(&format!("key.{layer}.bias"), |bias| bias[unit] = 0.0)?;
        }
        let share = seed.share.max(1e-7);
        let gain = ((attention / share).ln() / KEY_GAP).clamp(0.5, 3.0) as f32;
        self.edit(PATTERN, |pattern| pattern[place.head * width + unit] = gain)?;
        self.edit(HEAD_WEIGHT, |weight| {
            let at = (seed.output * heads + place.head) * dim + channel;
            weight[at] = HEAD.copysign(seed.z as f32);
        })
    }

    /// One column of the gene embeddings an output: the usage score under uniform attention (head 0).
    fn plant_genes(&self, discovery: &Discovery) -> Result<()> {
        let shape = self.layout.shape();
        let (genes, heads, dim) = (shape.gene_dim, shape.heads, shape.embedding_dim());
        let channels = shape.channels();
        for (output, usage) in discovery.genes.iter().enumerate().take(genes) {
            let Some(usage) = usage else { continue };
            for (name, weights) in [("gene.v", &usage.v), ("gene.j", &usage.j)] {
                self.edit(name, |table| {
                    for (row, weight) in table.chunks_exact_mut(genes).zip(weights) {
                        row[output] = (weight / usage.scale) as f32;
                    }
                })?;
            }
            self.edit(HEAD_WEIGHT, |weight| {
                weight[output * heads * dim + channels + output] =
                    (usage.scale * usage.slope) as f32;
            })?;
            self.edit(HEAD_BIAS, |bias| bias[output] = usage.intercept as f32)?;
        }
        Ok(())
    }
}

/// Position term of a window: 0 where carriers are enriched, down to switching a match off where
/// they are not.
fn preference(seed: &Seed, by_position: &[f64], at: usize, allowed: bool) -> f32 {
    if !allowed {
        return -MATCH;
    }
    let direction = seed.z.signum();
    let strongest = by_position.iter().map(|log| log * direction).fold(0.0, f64::max);
    let here = by_position.get(at.min(by_position.len() - 1)).map_or(0.0, |log| log * direction);
    if strongest < 0.05 {
        return 0.0;
    }
    let part = (here / (0.5 * strongest)).clamp(0.0, 1.0);
    -MATCH * (1.0 - part) as f32
}

/// Sets scale and bias of each output of `network` so that its logits on the training bags fit their
/// labels (smoothed by `smoothing`): a logistic or least-squares fit of one slope and one intercept.
///
/// # Errors
///
/// If candle fails.
pub fn recalibrate(
    network: &Network,
    bags: &[Bag],
    contrasts: &[Contrast],
    smoothing: f64,
) -> Result<()> {
    let weights = network.weights()?;
    let inputs: Vec<_> = bags.iter().map(Bag::input).collect();
    let outputs: Vec<Vec<f64>> =
        weights.pool(&inputs).iter().map(|pooled| weights.outputs(pooled)).collect();
    let size = weights.head.len() / contrasts.len().max(1);
    for (t, contrast) in contrasts.iter().enumerate() {
        let known = |i: &usize| contrast.values[*i].is_some();
        let rows: Vec<usize> = (0..bags.len()).filter(known).collect();
        let mean = rows.iter().map(|&i| outputs[i][t]).sum::<f64>() / rows.len().max(1) as f64;
        let scores: Vec<f64> = rows.iter().map(|&i| outputs[i][t] - mean).collect();
        let labels: Vec<f64> = rows.iter().filter_map(|&i| contrast.values[i]).collect();
        let (slope, intercept) = if contrast.is_class {
            let classes: Vec<bool> = labels.iter().map(|&label| label > 0.0).collect();
            logistic_slope(&scores, &classes, smoothing)
        } else {
            let squares: f64 = scores.iter().map(|score| score * score).sum();
            let products: f64 = scores.iter().zip(&labels).map(|(s, y)| s * y).sum();
            ((products / squares.max(1e-12)).max(0.0), 0.0)
        };
        network.edit(HEAD_WEIGHT, |weight| {
            for weight in &mut weight[t * size..(t + 1) * size] {
                *weight *= slope as f32;
            }
        })?;
        network.edit(HEAD_BIAS, |bias| {
            bias[t] = (intercept + slope * (f64::from(bias[t]) - mean)) as f32;
        })?;
    }
    Ok(())
}

impl Network {
    /// Weight of a seed's filter in the head, relative to the mean absolute weight of all filters.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn head_share(&self, place: &PlantedSeed) -> Result<f64> {
        let (dim, channels) = (self.layout.shape().embedding_dim(), self.layout.shape().channels());
        let weight = self.param(HEAD_WEIGHT).flatten_all()?.to_vec1::<f32>()?;
        let channel = self.channel(place);
        let sum = |keep: &dyn Fn(usize) -> bool| -> f64 {
            let kept = weight.iter().enumerate().filter(|(i, _)| keep(i % dim));
            kept.map(|(_, weight)| f64::from(weight.abs())).sum()
        };
        let all = sum(&|at| at < channels) / channels.max(1) as f64;
        Ok(sum(&|at| at == channel) / all.max(f64::MIN_POSITIVE))
    }

    /// Whether each counted position of a seed's filter still responds most to the seed's residue.
    ///
    /// # Errors
    ///
    /// If candle fails.
    pub fn still_spells(&self, place: &PlantedSeed) -> Result<bool> {
        let group = self.layout.shape().filters[place.group];
        let weight = self.param(&format!("filter.{}.weight", place.group));
        let weight = weight.flatten_all()?.to_vec1::<f32>()?;
        let at =
            |row: usize, residue: usize| weight[(row * 20 + residue) * group.count + place.filter];
        Ok(place.kmer.bytes().enumerate().all(|(i, letter)| {
            let Some(residue) = reperio_data::alphabet::code(letter) else { return true };
            let row = place.offset + i;
            (0..20).all(|other| at(row, other) <= at(row, usize::from(residue)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use reperio_data::kmer::pattern::Pattern;
    use reperio_data::repertoire::GeneVocabulary;

    use super::*;
    use crate::config::ModelConfig;
    use crate::discover::GeneUsage;

    fn seed(output: usize, z: f64) -> Seed {
        Seed {
            pattern: Pattern::contiguous(3),
            code: 0,
            output,
            z,
            starts: 0..=9,
            share: 0.001,
            by_start: vec![0.0],
            by_end: vec![0.0],
        }
    }

    fn heads_of_seeds(discovery: &Discovery, most: usize) -> Vec<usize> {
        let genes = GeneVocabulary { v: vec![String::new()], j: vec![String::new()] };
        let config = ModelConfig::default();
        let layout = config.layout(&genes, discovery.heads(most)).unwrap();
        let network = Network::new(&layout, 2, &config, 0).unwrap();
        network.plant(discovery).unwrap().iter().map(|place| place.head).collect()
    }

    #[test]
    fn one_state_pattern_attends_to_all_motifs_of_a_side() {
        let seeds = vec![seed(0, 5.0), seed(0, -4.0), seed(0, 3.0), seed(1, 4.0)];
        let mut discovery = Discovery { seeds, ..Discovery::default() };
        assert_eq!(discovery.heads(4), 3);
        assert_eq!(heads_of_seeds(&discovery, 4), [0, 1, 0, 2]);
        // More sides than patterns share them.
        assert_eq!(heads_of_seeds(&discovery, 2), [0, 1, 0, 0]);
        // Gene usage has the first pattern to itself.
        let usage = GeneUsage {
            v: vec![0.0],
            j: vec![0.0],
            scale: 1.0,
            slope: 1.0,
            intercept: 0.0,
            r_squared: 0.1,
            penalty: 1.0,
        };
        discovery.genes = vec![Some(usage), None];
        assert_eq!(discovery.heads(4), 4);
        assert_eq!(heads_of_seeds(&discovery, 4), [1, 2, 1, 3]);
        assert_eq!(heads_of_seeds(&discovery, 2), [1, 1, 1, 1]);
        discovery.seeds.clear();
        discovery.genes.clear();
        assert_eq!(discovery.heads(4), 4, "nothing to plant");
    }
}
