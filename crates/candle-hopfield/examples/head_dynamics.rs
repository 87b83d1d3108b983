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
//! are checked, and the program fails if they do not.

#[path = "support/claims.rs"]
mod claims;
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
use heads::{Head, look, states};
use masked::{Batch, HEADS, LAYERS, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use svg::{Area, Chart, Figure, Series};

const STEPS: usize = 2000;
/// Steps of the further training.
const FURTHER: usize = 200;
const BATCH: usize = 16;
/// Receptors that are never trained on.
const HELD_OUT: usize = 500;
/// Heads that are replaced.
const REPLACED: usize = 3;
const CLASSES: [OperatingClass; 4] =
    [OperatingClass::I, OperatingClass::II, OperatingClass::III, OperatingClass::IV];
/// Share of all patterns above which a head averages evenly.
const EVEN: f64 = 0.85;

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
    print_costs(&costs);
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
    last.iter().map(|head| (head.layer, head.head)).collect()
}

fn at(seen: &[Head], step: usize) -> impl Iterator<Item = Head> {
    seen.iter().filter(move |head| head.step == step).copied()
}

/// Held-out losses with some heads replaced, at once and after further training.
struct Cost {
    name: &'static str,
    heads: Vec<(usize, usize)>,
    at_once: f64,
    further: f64,
}

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

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn print_heads(seen: &[Head], columns: f64) {
    println!("Patterns, of {columns}, that carry 90 % of each head's association, and its class\n");
    let mut steps: Vec<usize> = seen.iter().map(|head| head.step).collect();
    steps.dedup();
    let layers: String =
        (1..=LAYERS).map(|layer| format!("{:<32}", format!("layer {layer}"))).collect();
    println!("{:>6}  {layers}", "step");
    for step in steps {
        let heads: String = at(seen, step)
            .map(|h| {
                let gap = if h.head + 1 == HEADS { "    " } else { "" };
                format!("{:>3.0} {:<3}{gap}", h.patterns, h.class)
            })
            .collect();
        println!("{step:>6}  {heads}");
    }
}

/// Mean of the norms by `W_q` and `W_k`, over that by `W_v`.
fn ratio(head: &Head) -> f64 {
    let [q, k, v] = head.gradients;
    f64::midpoint(q, k) / v.max(1e-12)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn print_gradients(seen: &[Head], states: &[(OperatingClass, f64)], columns: f64) {
    println!("\nGradients by class: norms by a head's weights, means over heads and moments");
    println!(
        "{:<16}{:>8}{:>10}{:>10}{:>10}{:>14}",
        "heads", "number", "W_q", "W_k", "W_v", "W_q, W_k:W_v"
    );
    let row = |name: String, heads: Vec<&Head>| {
        let norm = |i: usize| mean(heads.iter().map(|head| head.gradients[i]));
        println!(
            "{name:<16}{:>8}{:>10.4}{:>10.4}{:>10.4}{:>14.2}",
            heads.len(),
            norm(0),
            norm(1),
            norm(2),
            mean(heads.iter().map(|head| ratio(head)))
        );
    };
    row("I, even".into(), seen.iter().filter(|h| even(h, columns)).collect());
    for class in CLASSES {
        let name =
            if class == OperatingClass::I { "I, the others".into() } else { class.to_string() };
        row(name, seen.iter().filter(|h| h.class == class && !even(h, columns)).collect());
    }
    println!(
        "\nSingle states after training, and how much an association moves at most with its scores"
    );
    println!("{:<16}{:>8}{:>24}", "states", "share", "largest derivative");
    for class in CLASSES {
        let share = mean(states.iter().map(|state| f64::from(u8::from(state.0 == class))));
        println!("{:<16}{share:>8.3}{:>24.3}", class.to_string(), steepness(states, class));
    }
}

/// A head that weighs nearly all patterns alike.
fn even(head: &Head, columns: f64) -> bool {
    head.patterns > EVEN * columns
}

fn steepness(states: &[(OperatingClass, f64)], class: OperatingClass) -> f64 {
    mean(states.iter().filter(|state| state.0 == class).map(|state| state.1))
}

#[expect(clippy::print_stdout, reason = "what an example is for")]
fn print_costs(costs: &[Cost; 3]) {
    println!("\nHeads replaced by Gaussian averages; held-out loss of a hidden residue, in nats");
    println!(
        "{:<28}{:<20}{:>10}{:>24}",
        "heads", "(layer, head)", "at once", "after 200 more steps"
    );
    for Cost { name, heads, at_once, further } in costs {
        let heads: Vec<String> =
            heads.iter().map(|(l, h)| format!("{}.{}", l + 1, h + 1)).collect();
        println!("{name:<28}{:<20}{at_once:>10.3}{further:>24.3}", heads.join(" "));
    }
}

fn draw(seen: &[Head], columns: f64) -> Figure {
    let mut figure = Figure::new(1040.0, 760.0);
    let area = |i: usize| Area {
        x: 520.0 * (i % 2) as f64,
        y: 4.0 + 376.0 * (i / 2) as f64,
        width: 510.0,
        height: 370.0,
    };
    for layer in 0..LAYERS {
        let line = |head: usize| {
            let own = seen.iter().filter(|h| (h.layer, h.head) == (layer, head));
            let points = own.map(|h| (h.step as f64, h.patterns)).collect();
            Series { name: format!("head {}", head + 1), points, line: true, dots: true }
        };
        let series: Vec<Series> = (0..HEADS).map(line).collect();
        let title = format!("Layer {}: patterns that carry 90 %", layer + 1);
        let y_label = "median over states";
        figure.chart(
            area(layer),
            &Chart { title: &title, x_label: "step", y_label, log_x: false, series: &series },
        );
    }
    let series: Vec<Series> = (0..LAYERS)
        .map(|layer| {
            let own = seen.iter().filter(|h| h.layer == layer);
            let points = own.map(|h| (h.patterns / columns, ratio(h).max(1e-6).log10())).collect();
            Series { name: format!("layer {}", layer + 1), points, line: false, dots: true }
        })
        .collect();
    let chart = Chart {
        title: "Gradient by W_q and W_k over that by W_v",
        x_label: "share of patterns that carry 90 %",
        y_label: "log10",
        log_x: false,
        series: &series,
    };
    figure.chart(area(3), &chart);
    figure
}

/// The paper's statements: what is found of each, and whether those hold that can in so small a network.
#[expect(clippy::print_stdout, reason = "what an example is for")]
fn check(
    seen: &[Head],
    states: &[(OperatingClass, f64)],
    costs: &[Cost; 3],
    columns: f64,
) -> Result<()> {
    let patterns =
        |step, layer| mean(at(seen, step).filter(|h| h.layer == layer).map(|h| h.patterns));
    let layers: Vec<String> =
        (0..LAYERS).map(|layer| format!("{:.1}", patterns(STEPS, layer))).collect();
    println!(
        "\nThe paper's BERT: lower layers average most, higher ones use metastable states. Here, patterns by layer: {}",
        layers.join(", ")
    );
    let ratios = |evenly| mean(seen.iter().filter(|h| even(h, columns) == evenly).map(ratio));
    let [i, ii, iii, iv] = CLASSES.map(|class| steepness(states, class));
    let [none, most, least] = costs;
    claims::check(&[
        ("learning starts with heads that average evenly", at(seen, 0).all(|h| even(&h, columns))),
        (
            "heads of every layer turn to fewer patterns",
            (0..LAYERS).all(|layer| patterns(STEPS, layer) < patterns(0, layer)),
        ),
        (
            "what a head attends to hardly learns while it averages evenly (W_q, W_k against W_v)",
            ratios(true) < 0.7 * ratios(false),
        ),
        ("the association of metastable states moves most with the scores", iii > ii && ii > i),
        ("and that of states near a single pattern less again", !(iv >= iii)),
        (
            "replacing heads that average costs less than replacing those that do not",
            most.at_once < least.at_once && most.further < least.further,
        ),
        ("and little after further training: below 0.1 nats", most.further - none.further < 0.1),
    ])
}
