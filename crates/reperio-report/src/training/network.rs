//! The members of the network: their seeds and their losses.

use reperio_model::train::{EpochReport, MemberReport, SeedFate};

use crate::element::{Element, element};
use crate::lines::{Line, Scale, lines};
use crate::page::{self, legend, number};
use crate::table::table;

/// The members of the network: their seeds and their losses.
pub(super) fn section(members: &[MemberReport]) -> Element {
    let seeds = members.iter().enumerate().flat_map(|(m, member)| {
        member.seeds.iter().map(move |seed| {
            let fate = match seed.fate {
                SeedFate::Kept => "kept",
                SeedFate::Moved => "moved",
                SeedFate::Died => "died",
            };
            let share = format!("{:.3} %", 100.0 * seed.share);
            vec![
                (m + 1).to_string(),
                seed.kmer.clone(),
                format!("{:.1}", seed.z),
                share,
                fate.to_owned(),
            ]
        })
    });
    let loss = |class, of: fn(&EpochReport) -> Option<f64>| {
        members.iter().map(move |member| {
            let point = |epoch: &EpochReport| {
                Some([epoch.epoch as f64, of(epoch).filter(|loss| loss.is_finite())?])
            };
            Line { class, points: member.epochs.iter().filter_map(point).collect() }
        })
    };
    let validation = loss("own", |epoch| epoch.validation_loss);
    let training = loss("best", |epoch| epoch.training_loss);
    let all: Vec<Line> = validation.chain(training).collect();
    let about = format!(
        "{} members, an unbroken line for the validation part and a broken one for the training part",
        members.len()
    );
    let picture =
        lines("losses", "Losses by epoch", &about, ["epoch", "loss"], Scale::Linear, &all);
    let caption =
        element("figcaption").with(element("b").text("Losses by epoch")).text(". ").text(about);
    let epochs = members.iter().enumerate().map(|(m, member)| {
        vec![
            (m + 1).to_string(),
            member.fitted.to_string(),
            member.validation.len().to_string(),
            member.seeds.len().to_string(),
            member.best_epoch.to_string(),
            number(member.validation_loss()),
        ]
    });
    page::section("network", "Network", Some("Seeds are k-mers that discovery found enriched in the training part; a filter starts from each."))
        .with(legend(["validation", "training"].into_iter()))
        .with(element("div").set("class", "alone").with(element("figure").with(caption).with(picture)))
        .with(table(
            "Members of the network",
            &["member", "fitted", "validation", "seeds", "best epoch", "loss"],
            epochs,
        ))
        .with(table("Seeds", &["member", "k-mer", "z", "share of sequences", "fate"], seeds))
}
