//! Motifs against their definition in `f64`, over random models and cohorts.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::repertoire::{Builder, GeneVocabulary, Repertoire, Row};

use super::columns::Column;
use super::{Collector, LEAST_SHARE, Motif, motifs};
use crate::bag::{FilterGroup, scalar};
use crate::combine::Conformal;
use crate::config::Config;
use crate::labels::{Labels, Target, TargetKind};
use crate::model::{Explanation, FORMAT, Model, ModelInfo, TargetModel};
use crate::network::{Network, Weights};
use crate::population::Population;
use crate::prepare;

const OUTPUTS: usize = 5;
const MEMBERS: usize = 2;
const WEIGHT: f64 = 0.7;
const BIAS: f64 = 0.1;

/// A cohort, its labels, and an untrained model of two members for a target of two classes, one of three, a number.
struct Case {
    repertoires: Vec<Repertoire>,
    labels: Labels,
    weights: Vec<Weights>,
    model: Model,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let repertoires: Vec<Repertoire> = (0..6).map(|r| repertoire(r, &mut rng)).collect();
        let class = |n: u32| move |rng: &mut ChaCha8Rng| f64::from(rng.random_range(0..n));
        let mut values = |of: &dyn Fn(&mut ChaCha8Rng) -> f64| -> Vec<Option<f64>> {
            (0..6).map(|i| (i != 4).then(|| of(&mut rng))).collect()
        };
        let values = vec![values(&class(2)), values(&class(3)), values(&|rng| rng.random())];
        let [a, b, c] = ["a", "b", "c"].map(str::to_owned);
        let kinds = [
            TargetKind::Binary { positive: a.clone(), negative: b.clone() },
            TargetKind::Classes { classes: vec![a, b, c] },
            TargetKind::Regression { mean: 0.5, sd: 0.25 },
        ];
        let targets = ["two", "three", "number"].map(str::to_owned).into_iter().zip(kinds);
        let targets: Vec<Target> = targets.map(|(column, kind)| Target { column, kind }).collect();
        let labels = Labels { targets: targets.clone(), values };
        let (model, weights) = model(&repertoires, targets, seed, &mut rng);
        Self { repertoires, labels, weights, model }
    }

    fn explained(&self) -> Vec<Explanation> {
        self.repertoires.iter().map(|own| self.model.explain(own)).collect()
    }

    /// The motifs, of repertoires that come in this order.
    fn motifs(&self, order: &[usize]) -> Vec<Motif> {
        let collector = Collector::new(&self.model);
        let explained = self.explained();
        let mut totals = vec![None; order.len()];
        for &r in order {
            totals[r] = collector.add(&self.repertoires[r], &explained[r]);
        }
        let cohort = (&self.repertoires[..], &self.labels);
        motifs(&self.model, &collector.sums(), &totals, cohort)
    }
}

fn repertoire(r: usize, rng: &mut ChaCha8Rng) -> Repertoire {
    let mut builder = Builder::default();
    for _ in 0..20 + 5 * r {
        let letter = |rng: &mut ChaCha8Rng| char::from(b"ACDEFGHIKL"[rng.random_range(0..10)]);
        let middle: String = (0..rng.random_range(1..22)).map(|_| letter(rng)).collect();
        let junction = format!("CA{middle}F");
        let junction_aa = JunctionAa::new(&junction).expect("residues");
        let v_call = ["", "TRBV9", "TRBV2"][rng.random_range(0..3)];
        builder.push(Row { junction_aa, v_call, j_call: "TRBJ2-1", duplicate_count: 1 });
    }
    builder.finish(format!("r{r}"))
}

fn model(
    repertoires: &[Repertoire],
    targets: Vec<Target>,
    seed: u64,
    rng: &mut ChaCha8Rng,
) -> (Model, Vec<Weights>) {
    let mut config = Config::default();
    config.model.filters =
        vec![FilterGroup { width: 3, count: 3 }, FilterGroup { width: 5, count: 2 }];
    (config.model.gene_dim, config.model.heads, config.model.attention_width) = (3, 2, 4);
    let genes = GeneVocabulary::of(repertoires);
    let layout = config.model.layout(&genes, 2).expect("a layout");
    let network =
        |m: u64| Network::new(&layout, OUTPUTS, &config.model, 10 * seed + m).expect("a network");
    let networks: Vec<Network> = (0..MEMBERS as u64).map(network).collect();
    let weights = networks.iter().map(|own| own.weights().expect("weights")).collect();
    let parameters = networks.iter().map(|own| own.snapshot().expect("parameters")).collect();
    let own = |target: &Target| TargetModel {
        network: WEIGHT,
        bias: vec![BIAS; target.width()],
        terms: vec![],
        conformal: Conformal::default(),
    };
    let parts = targets.iter().map(own).collect();
    let origin = |_| (0..2 * OUTPUTS).map(|_| rng.random_range(-0.5..0.5)).collect();
    let info = ModelInfo {
        format: FORMAT,
        version: String::new(),
        config: config.clone(),
        genes,
        targets,
        population: Population::of(&repertoires.iter().collect::<Vec<_>>()),
        out_of_fold: vec![],
        evidence_origin: (0..MEMBERS).map(origin).collect(),
        covariates: vec![],
        background: None,
        base: None,
    };
    (Model::new(info, Some(parameters), parts).expect("a model"), weights)
}

/// A window of a filter: repertoire, clonotype, first residue, and its evidence for an output.
struct Window {
    r: usize,
    i: usize,
    start: usize,
    evidence: f64,
}

/// What a filter has, by the definition: its windows, and its sum over all clonotypes of each repertoire.
#[derive(Default)]
struct Filter {
    windows: Vec<Window>,
    totals: Vec<f64>,
}

/// Every filter of every member, and then the genes of each, for one output.
fn definition(case: &Case, output: usize) -> Vec<Filter> {
    let mut filters = Vec::new();
    let mut genes = Vec::new();
    for weights in &case.weights {
        let params: Vec<f64> = weights.flat.iter().copied().map(f64::from).collect();
        let (dim, channels) = (weights.layout.shape().embedding_dim(), 5);
        let mut own: Vec<Filter> = (0..dim).map(|_| Filter::default()).collect();
        for (r, repertoire) in case.repertoires.iter().enumerate() {
            let encoded = Arc::new(EncodedRepertoire::new(repertoire, &case.model.info().genes));
            let bag = prepare::whole(&case.model.info().config.model, &encoded);
            let trace = |i| scalar::trace(&weights.layout, &params, &bag.input(), i);
            let traces: Vec<scalar::Trace> = (0..repertoire.len()).map(trace).collect();
            for (d, filter) in own.iter_mut().enumerate() {
                let mut total = 0.0;
                for (i, trace) in traces.iter().enumerate() {
                    let mut evidence = 0.0;
                    for h in 0..2 {
                        let all: f64 = traces.iter().map(|own| own.scores[h].exp()).sum();
                        let w = f64::from(weights.head[(output * 2 + h) * dim + d]);
                        evidence += trace.scores[h].exp() / all * w * trace.e[d];
                    }
                    evidence *= WEIGHT / MEMBERS as f64;
                    total += evidence;
                    if d < channels && trace.e[d] > 0.0 {
                        filter.windows.push(Window { r, i, start: trace.starts[d], evidence });
                    }
                }
                filter.totals.push(total);
            }
        }
        let behind = own.split_off(channels);
        let sum = |r: usize| behind.iter().map(|own| own.totals[r]).sum();
        genes.push(Filter { windows: vec![], totals: (0..6).map(sum).collect() });
        filters.extend(own);
    }
    filters.extend(genes);
    filters
}

/// The slope of totals against known labels, which for two classes is the difference of their means.
fn slope(totals: &[f64], values: &[Option<f64>]) -> f64 {
    let known: Vec<(f64, f64)> =
        totals.iter().zip(values).filter_map(|(total, value)| Some((*total, (*value)?))).collect();
    if known.iter().all(|(_, value)| [0.0, 1.0].contains(value)) {
        let mean = |wanted: f64| {
            let side = known.iter().filter(|(_, value)| (value - wanted).abs() < 0.5);
            side.clone().map(|(total, _)| total).sum::<f64>() / side.count() as f64
        };
        let difference = mean(1.0) - mean(0.0);
        return if difference.is_nan() { 0.0 } else { difference };
    }
    let n = known.len() as f64;
    let (x, y) = known.iter().fold((0.0, 0.0), |(x, y), own| (x + own.1 / n, y + own.0 / n));
    let products: f64 = known.iter().map(|own| (own.1 - x) * (own.0 - y)).sum();
    products / known.iter().map(|own| (own.1 - x).powi(2)).sum::<f64>()
}

/// Which end a residue is nearer to, and how far; the middle has no end.
fn place(at: usize, length: usize) -> (bool, usize) {
    let (before, behind) = (at, length - at - 1);
    if before.min(behind) >= 8 { (true, 8) } else { (before <= behind, before.min(behind)) }
}

/// Frequency of a residue at a place of all junctions of the cohort.
fn frequency(case: &Case, residue: u8, wanted: (bool, usize)) -> f64 {
    let (mut n, mut all, mut there, mut own) = (0.0, 0.0, 0.0, 0.0);
    for repertoire in &case.repertoires {
        for i in 0..repertoire.len() {
            let junction = repertoire.junction_codes(i);
            for (at, &code) in junction.iter().enumerate() {
                let (is_own, is_there) = (code == residue, place(at, junction.len()) == wanted);
                n += 1.0;
                all += f64::from(u8::from(is_own));
                there += f64::from(u8::from(is_there));
                own += f64::from(u8::from(is_own && is_there));
            }
        }
    }
    (own + (all + 1.0) / (n + 20.0)) / (there + 1.0)
}

/// Whether a column is that of some windows, by the definition.
fn is_column(case: &Case, windows: &[&Window], column: &Column) {
    let at = |own: &Window| own.start + column.position - 1;
    let junction = |own: &Window| case.repertoires[own.r].junction_codes(own.i);
    let seen: Vec<&&Window> = windows.iter().filter(|own| at(own) < junction(own).len()).collect();
    let total: f64 = seen.iter().map(|own| own.evidence.abs()).sum();
    let mut places: BTreeMap<(bool, usize), f64> = BTreeMap::new();
    for own in &seen {
        *places.entry(place(at(own), junction(own).len())).or_default() +=
            own.evidence.abs() / total;
    }
    let mut bits = 0.0;
    for residue in 0..20_u8 {
        let holds = |own: &&&&Window| junction(own)[at(own)] == residue;
        let share = seen.iter().filter(holds).map(|own| own.evidence.abs() / total).sum::<f64>();
        let frequency =
            |(place, weight): (&(bool, usize), &f64)| weight * frequency(case, residue, *place);
        let background: f64 = places.iter().map(frequency).sum();
        bits += if share > 0.0 { share * (share / background).log2() } else { 0.0 };
        let r = usize::from(residue);
        assert!((column.shares[r] - share).abs() < 1e-4, "share {} {share}", column.shares[r]);
        let found = column.background[r];
        assert!((found - background).abs() < 1e-4, "background {found} {background}");
    }
    assert!((column.bits - bits).abs() < 1e-3, "bits {} {bits}", column.bits);
}

/// The values of the labels that an output tells apart.
fn values(labels: &Labels, output: usize) -> Vec<Option<f64>> {
    let class = |class: f64| {
        let values = labels.values[1].iter();
        values.map(|own| own.map(|own| if (own - class).abs() < 0.5 { 1.0 } else { 0.0 })).collect()
    };
    match output {
        0 => labels.values[0].clone(),
        4 => labels.values[2].iter().map(|own| own.map(|own| (own - 0.5) / 0.25)).collect(),
        _ => class(output as f64 - 1.0),
    }
}

#[test]
fn motifs_are_those_of_the_definition() {
    let mut compared = 0;
    for seed in 0..6 {
        let case = Case::new(seed);
        let found = case.motifs(&[0, 1, 2, 3, 4, 5]);
        for (output, name) in case.model.output_names().iter().enumerate() {
            let filters = definition(&case, output);
            let values = values(&case.labels, output);
            let moves: Vec<f64> = filters.iter().map(|own| slope(&own.totals, &values)).collect();
            let all: f64 = moves.iter().map(|own| own.abs()).sum();
            let own: Vec<&Motif> = found.iter().filter(|own| own.output == *name).collect();
            let seen = |f: usize| {
                own.iter().find(|own| own.filter.member * 5 + own.filter.filter == f + 6)
            };
            for (f, filter) in filters.iter().enumerate().take(5 * MEMBERS) {
                let share = moves[f].abs() / all;
                let side = |against: bool| -> Vec<&Window> {
                    filter.windows.iter().filter(|own| (own.evidence < 0.0) == against).collect()
                };
                let weight =
                    |against| side(against).iter().map(|own| own.evidence.abs()).sum::<f64>();
                let Some(motif) = seen(f) else {
                    assert!(all <= 0.0 || share < LEAST_SHARE + 1e-4 || filter.windows.is_empty());
                    continue;
                };
                assert!(
                    (motif.moves - moves[f]).abs() < 1e-5 && (motif.share - share).abs() < 1e-3
                );
                assert_eq!(motif.is_against, weight(true) > weight(false));
                let windows = side(motif.is_against);
                assert_eq!(motif.windows as usize, windows.len());
                for column in &motif.columns {
                    is_column(&case, &windows, column);
                    compared += 1;
                }
            }
            assert!(own.is_sorted_by(|a, b| a.share >= b.share && a.rank < b.rank));
        }
    }
    assert!(compared > 100, "{compared} columns");
}

#[test]
fn filters_genes_and_origin_are_the_evidence_of_every_clonotype() {
    for seed in 0..6 {
        let case = Case::new(seed);
        for (repertoire, explanation) in case.repertoires.iter().zip(case.explained()) {
            let places: Vec<usize> = (0..repertoire.len()).collect();
            let totals = case.model.filter_totals(&explanation);
            for (output, totals) in totals.chunks_exact(6 * MEMBERS).enumerate() {
                let members = case.model.filter_evidence(repertoire, &explanation, &places, output);
                for i in places.clone() {
                    let of = |own: &crate::model::FilterEvidence| {
                        own.filters[5 * i..5 * (i + 1)].iter().sum::<f64>() + own.rest[i]
                    };
                    let sum: f64 = members.iter().map(of).sum();
                    let evidence = explanation.parts[0].1[i * OUTPUTS + output];
                    assert!((sum - evidence).abs() < 1e-6, "{sum} {evidence}");
                }
                // Without the origin, all of a repertoire are its logit; the head of a new network has no bias.
                let logit = explanation.logits[output] - BIAS;
                assert!((totals.iter().sum::<f64>() - logit).abs() < 1e-5, "{logit}");
            }
        }
    }
}

#[test]
fn the_order_of_repertoires_changes_no_bit() {
    let case = Case::new(7);
    let found = case.motifs(&[0, 1, 2, 3, 4, 5]);
    assert!(!found.is_empty());
    assert_eq!(found, case.motifs(&[4, 2, 5, 0, 3, 1]));
}

#[test]
fn carriers_have_the_consensus_anywhere() {
    let case = Case::new(1);
    let mut named = 0;
    for motif in case.motifs(&[0, 1, 2, 3, 4, 5]) {
        let Some(carriers) = motif.carriers else {
            assert_eq!(motif.consensus, "");
            continue;
        };
        let same = |window: &[u8]| {
            window.iter().zip(motif.consensus.bytes()).all(|(a, b)| b == b'-' || *a == b)
        };
        let has = |own: &&Repertoire| {
            (0..own.len())
                .any(|i| own.junction_aa(i).as_bytes().windows(motif.consensus.len()).any(same))
        };
        assert_eq!(carriers.all, case.repertoires.iter().filter(has).count(), "{motif:?}");
        assert_eq!(carriers.by_label.is_none(), motif.output.starts_with("number"));
        named += 1;
    }
    assert!(named > 0);
}
