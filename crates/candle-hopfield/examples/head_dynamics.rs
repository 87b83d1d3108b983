//! How the heads of a transformer learn: a small one, of Hopfield encoder layers, fills in hidden residues of
//! receptors.
//!
//! ```text
//! cargo run --release -p candle-hopfield --example head_dynamics [FIGURE.svg] [JUNCTIONS.tsv|-] [SEED]
//! ```
//!
//! Without a file (or with `-`) the receptors are made up: two chains of 16 columns each, 32 patterns. A file has a
//! receptor a line, its junctions between tabs; with one chain (16 patterns) class IV is empty. Over training, on
//! receptors never seen:
//!
//! - how many patterns carry 90 % of each head's association, and the operating class by it;
//! - how large the gradient is in each class, by the weights of heads and through the softmax of single states;
//! - what it costs to put Gaussian averages in place of the three heads that average most, before and after a brief
//!   further training, beside three that average least.
//!
//! The statements of *Hopfield Networks is All You Need* (Section 4 and its appendix on BERT,
//! <https://arxiv.org/abs/2008.02217>) are printed beside what is found. Those that hold in a network of this size
//! are checked, and the program fails if they do not. Seeds 1 to 4 agree in what the paper says of BERT and
//! this network does not show: here the last layer averages most, and most heads stay in class I, though
//! less evenly than at first.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/head_report.rs"]
mod head_report;
#[path = "support/heads.rs"]
mod heads;
#[path = "support/masked.rs"]
mod masked;
#[path = "support/receptors.rs"]
mod receptors;
#[path = "support/svg.rs"]
mod svg;

use std::collections::HashMap;

use candle_core::{Result, Tensor};
use candle_hopfield::{OperatingClass, SeededVars};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use head_report::{
    CLASSES, Cost, draw, of_layer, print_costs, print_gradients, print_heads, print_paper,
};
use heads::{Head, at, look, mean, states, steepness};
use masked::{Batch, LAYERS, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const STEPS: usize = 2000;
/// Steps of the further training.
const FURTHER: usize = 200;
const BATCH: usize = 16;
/// Receptors that are never trained on.
const HELD_OUT: usize = 500;
/// Heads that are replaced.
const REPLACED: usize = 3;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "target/head_dynamics.svg".to_owned());
    let file = arguments.next().filter(|file| file != "-");
    let seed = arguments.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rows = match file {
        None => receptors::made_up(HELD_OUT + STEPS * BATCH, seed),
        Some(file) => receptors::read(file.as_ref())?,
    };
    let columns = rows[0].len();
    let (held_out, rows) = rows.split_at(HELD_OUT);
    let held_out = Held::new(held_out)?;
    let vars = SeededVars::new(seed);
    let network = Network::new(columns, &vars)?;
    let mut seen = Vec::new();
    fit((&network, &vars), rows, &[], (STEPS, seed), |step| {
        // Often at first, when most happens.
        if step % (STEPS / 10) == 0 || [STEPS / 40, STEPS / 20].contains(&step) {
            seen.extend(look(&network, &vars, &held_out.few, step)?);
        }
        Ok(())
    })?;
    let states = states(&network, &held_out.few)?;
    let costs = replace(&vars, rows, &held_out, &ranked(&seen), seed)?;
    let columns = columns as f64;
    print_heads(&seen, columns);
    print_gradients(&seen, &states, columns);
    print_costs(&costs, FURTHER);
    print_paper((&seen, STEPS), &states, &costs);
    draw(&seen, columns).save(path.as_ref())?;
    check(&seen, &states, &costs, columns)
}

/// Held-out receptors, always with the same residues hidden.
struct Held {
    all: Batch,
    few: Batch,
}

impl Held {
    fn new(rows: &[Vec<u32>]) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        Ok(Self { all: Batch::new(rows, &mut rng)?, few: Batch::new(&rows[..64], &mut rng)? })
    }
}

/// Trains with Gaussian averages in place of the heads `replaced`; calls `each` before every step and at the end.
fn fit(
    (network, vars): (&Network, &SeededVars),
    rows: &[Vec<u32>],
    replaced: &[(usize, usize)],
    (steps, seed): (usize, u64),
    mut each: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let adam = ParamsAdamW { lr: 5e-3, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vars.variables(), adam)?;
    for step in 0..steps {
        each(step)?;
        let start = step * BATCH % (rows.len() - BATCH);
        let batch = Batch::new(&rows[start..start + BATCH], &mut rng)?;
        optimizer.backward_step(&network.answer(&batch, replaced)?.loss)?;
    }
    each(steps)
}

/// Layers and heads after training, those that average over most patterns first.
fn ranked(seen: &[Head]) -> Vec<(usize, usize)> {
    let mut last: Vec<Head> = at(seen, STEPS).collect();
    last.sort_by(|a, b| b.patterns.total_cmp(&a.patterns));
    last.iter().map(|head| (head.layer, head.number)).collect()
}

/// Copies of the network with no heads replaced, with those that average most, and with those that average least.
fn replace(
    vars: &SeededVars,
    rows: &[Vec<u32>],
    held_out: &Held,
    ranked: &[(usize, usize)],
    seed: u64,
) -> Result<[Cost; 3]> {
    let copy = |(name, var): (String, candle_core::Var)| Ok((name, var.as_tensor().copy()?));
    let trained: HashMap<String, Tensor> =
        vars.named().into_iter().map(copy).collect::<Result<_>>()?;
    let cost = |name, heads: &[(usize, usize)]| -> Result<Cost> {
        let vars = SeededVars::new(seed);
        let network = Network::new(rows[0].len(), &vars)?;
        vars.assign(&trained)?;
        let loss = || network.answer(&held_out.all, heads)?.loss.to_scalar::<f32>().map(f64::from);
        let at_once = loss()?;
        fit((&network, &vars), rows, heads, (FURTHER, seed + 1), |_| Ok(()))?;
        Ok(Cost { name, heads: heads.to_vec(), at_once, further: loss()? })
    };
    Ok([
        cost("none", &[])?,
        cost("those that average most", &ranked[..REPLACED])?,
        cost("those that average least", &ranked[ranked.len() - REPLACED..])?,
    ])
}

/// Whether those statements of the paper hold that can in so small a network.
fn check(
    seen: &[Head],
    states: &[(OperatingClass, f64)],
    costs: &[Cost; 3],
    columns: f64,
) -> Result<()> {
    let ratios =
        |evenly| mean(seen.iter().filter(|h| h.is_even(columns) == evenly).map(Head::ratio));
    let [i, ii, iii, iv] = CLASSES.map(|class| steepness(states, class));
    let [none, most, least] = costs;
    claims::check(&[
        ("learning starts with heads that average evenly", at(seen, 0).all(|h| h.is_even(columns))),
        (
            "the heads of every layer turn to fewer patterns",
            (0..LAYERS).all(|layer| of_layer(seen, STEPS, layer) < of_layer(seen, 0, layer)),
        ),
        (
            "where to look (W_q, W_k) has little gradient beside what to take (W_v) while heads average evenly",
            ratios(true) < 0.7 * ratios(false),
        ),
        (
            "the association of metastable states (II, III) moves most with the scores",
            ii.min(iii) > i && (iv.is_nan() || iv < ii.min(iii)),
        ),
        (
            "replacing heads that average costs less than replacing those that do not",
            most.at_once < least.at_once,
        ),
        ("and little after further training: below 0.1 nats", most.further - none.further < 0.1),
    ])
}
