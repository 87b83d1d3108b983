//! Tables and figure of the heads of a network.
#![expect(clippy::print_stdout, reason = "what an example is for")]

use candle_hopfield::OperatingClass;

use crate::heads::{Head, at, mean, steepness};
use crate::masked::{HEADS, LAYERS};
use crate::svg::{Area, Chart, Figure, Series};

pub(crate) const CLASSES: [OperatingClass; 4] =
    [OperatingClass::I, OperatingClass::II, OperatingClass::III, OperatingClass::IV];

/// Held-out losses with some heads replaced, at once and after further training.
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    pub(crate) heads: Vec<(usize, usize)>,
    pub(crate) at_once: f64,
    pub(crate) further: f64,
}

pub(crate) fn print_heads(seen: &[Head], columns: f64) {
    println!("Patterns, of {columns}, that carry 90 % of each head's association, and its class\n");
    print!("{:>6}", "step");
    for layer in 1..=LAYERS {
        print!("  {:<28}", format!("layer {layer}"));
    }
    println!();
    let mut steps: Vec<usize> = seen.iter().map(|head| head.step).collect();
    steps.dedup();
    for step in steps {
        print!("{step:>6}");
        for head in at(seen, step) {
            let gap = if head.number == 0 { "  " } else { "" };
            print!("{gap}{:<3.0}{:<4}", head.patterns, head.class);
        }
        println!();
    }
}

pub(crate) fn print_gradients(seen: &[Head], states: &[(OperatingClass, f64)], columns: f64) {
    println!("\nGradients by class: norms by a head's weights, means over heads and moments");
    println!(
        "{:<16}{:>8}{:>10}{:>10}{:>10}{:>14}",
        "heads", "number", "W_q", "W_k", "W_v", "W_q, W_k:W_v"
    );
    let of = |name: &str, is: &dyn Fn(&Head) -> bool| {
        print_norms(name, &seen.iter().copied().filter(is).collect::<Vec<_>>());
    };
    of("I, even", &|head| head.is_even(columns));
    of("I, the others", &|head| head.class == OperatingClass::I && !head.is_even(columns));
    for class in &CLASSES[1..] {
        of(&class.to_string(), &|head| head.class == *class);
    }
    println!(
        "\nSingle states after training: how much an association moves at most with its scores"
    );
    println!("{:<16}{:>8}{:>24}", "states", "share", "largest derivative");
    for class in CLASSES {
        let share = mean(states.iter().map(|state| f64::from(u8::from(state.0 == class))));
        println!("{class:<16}{share:>8.3}{:>24.3}", steepness(states, class));
    }
}

fn print_norms(name: &str, heads: &[Head]) {
    if heads.is_empty() {
        return println!("{name:<16}{:>8}", 0);
    }
    let [q, k, v] = [0, 1, 2].map(|i| mean(heads.iter().map(|head| head.gradients[i])));
    let ratio = mean(heads.iter().map(Head::ratio));
    println!("{name:<16}{:>8}{q:>10.4}{k:>10.4}{v:>10.4}{ratio:>14.2}", heads.len());
}

pub(crate) fn print_costs(costs: &[Cost; 3], further_steps: usize) {
    println!("\nHeads replaced by Gaussian averages; held-out loss of a hidden residue, in nats");
    let after = format!("after {further_steps} more steps");
    println!("{:<28}{:<20}{:>10}{after:>24}", "heads", "layer.head", "at once");
    for Cost { name, heads, at_once, further } in costs {
        let heads: Vec<String> =
            heads.iter().map(|(l, h)| format!("{}.{}", l + 1, h + 1)).collect();
        println!("{name:<28}{:<20}{at_once:>10.3}{further:>24.3}", heads.join(" "));
    }
}

/// Mean number of patterns of a layer's heads.
pub(crate) fn of_layer(seen: &[Head], step: usize, layer: usize) -> f64 {
    mean(at(seen, step).filter(|head| head.layer == layer).map(|head| head.patterns))
}

/// The paper's statements on transformers and BERT, in short, and what is found here.
pub(crate) fn print_paper(
    (seen, steps): (&[Head], usize),
    states: &[(OperatingClass, f64)],
    costs: &[Cost; 3],
) {
    let layers = |step| {
        let layers: Vec<String> =
            (0..LAYERS).map(|layer| format!("{:.1}", of_layer(seen, step, layer))).collect();
        layers.join(", ")
    };
    let left = at(seen, steps).filter(|head| head.class != OperatingClass::I).count();
    let [i, ii, iii, iv] = CLASSES.map(|class| steepness(states, class));
    let [none, most, _] = costs;
    let rows = [
        (
            "learning starts with averaging; most heads turn to metastable states",
            format!("patterns by layer {} at first, {} at the end", layers(0), layers(steps)),
        ),
        (
            "heads of the first layers mostly average, those of higher layers do not",
            format!("{left} of {} heads leave class I; by layer as above", LAYERS * HEADS),
        ),
        (
            "averaging heads can be replaced by Gaussian averages",
            format!(
                "{:+.3} nats, {:+.3} after further training",
                most.at_once - none.at_once,
                most.further - none.further
            ),
        ),
        (
            "gradients: even for averages, largest for metastable states, none near one pattern",
            format!("by class I {i:.3}, II {ii:.3}, III {iii:.3}, IV {iv:.3}"),
        ),
        (
            "heads of the last layers go on learning",
            format!(
                "last layer: {:.1} patterns halfway, {:.1} at the end",
                of_layer(seen, steps / 2, LAYERS - 1),
                of_layer(seen, steps, LAYERS - 1)
            ),
        ),
    ];
    println!("\n{:<84}here", "the paper, of BERT");
    for (paper, here) in rows {
        println!("{paper:<84}{here}");
    }
}

pub(crate) fn draw(seen: &[Head], columns: f64) -> Figure {
    let mut figure = Figure::new(1040.0, 760.0);
    let area = |i: usize| Area {
        x: 520.0 * (i % 2) as f64,
        y: 4.0 + 376.0 * (i / 2) as f64,
        width: 510.0,
        height: 370.0,
    };
    let points = |is: &dyn Fn(&Head) -> bool, point: &dyn Fn(&Head) -> (f64, f64)| -> Vec<_> {
        seen.iter().filter(|head| is(head)).map(point).collect()
    };
    let dots = |name: String, line: bool, points| Series { name, points, line, dots: true };
    for layer in 0..LAYERS {
        let of = |number: usize| {
            let is = |h: &Head| (h.layer, h.number) == (layer, number);
            dots(
                format!("head {}", number + 1),
                true,
                points(&is, &|h| (h.step as f64, h.patterns)),
            )
        };
        let series: Vec<Series> = (0..HEADS).map(of).collect();
        let title = format!("Layer {}: patterns that carry 90 %", layer + 1);
        let (title, y_label) = (title.as_str(), "median over states");
        figure.chart(
            area(layer),
            &Chart { title, x_label: "step", y_label, log_x: false, series: &series },
        );
    }
    let of = |layer: usize| {
        let place = |h: &Head| (h.patterns / columns, h.ratio().max(1e-6).log10());
        dots(format!("layer {}", layer + 1), false, points(&|h| h.layer == layer, &place))
    };
    let series: Vec<Series> = (0..LAYERS).map(of).collect();
    let chart = Chart {
        title: "Gradient by W_q and W_k over that by W_v",
        x_label: "share of patterns that carry 90 %",
        y_label: "log10",
        log_x: false,
        series: &series,
    };
    figure.chart(area(LAYERS), &chart);
    figure
}
