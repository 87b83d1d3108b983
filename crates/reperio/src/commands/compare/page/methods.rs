//! What each method is, what it cost, and what it chose in each fold.

use reperio_baselines::compare::Outcome;
use reperio_report::element::{Element, element};
use reperio_report::page::{or_dash, scrolling};
use serde_json::Value;

use super::super::Compared;
use super::anchor;
use super::ranked::Ranked;

/// One article per method, in the order of the command line, because texts refer to the previous method.
pub(super) fn methods(compared: &Compared, all: &[Ranked<'_>], outcomes: &[Outcome]) -> Element {
    let given = compared.summary.methods.iter();
    let given = given.filter_map(|row| all.iter().find(|one| one.name() == row.figures.method));
    let article = |one: &Ranked<'_>| {
        let own = outcomes.iter().filter(|outcome| outcome.method == one.name());
        let own: Vec<&Outcome> = own.collect();
        element("article")
            .set("id", anchor(one.name()))
            .set("class", one.role.class())
            .with(element("h3").text(one.name()))
            .with(element("p").text(one.row.about))
            .with(element("p").set("class", "cost").text(cost(one)))
            .all(choices(one.name(), &own))
    };
    element("div").set("class", "methods").all(given.map(article))
}

fn cost(one: &Ranked<'_>) -> String {
    let figures = &one.row.figures;
    let megabytes = |bytes| format!(". Peak memory: {:.0} MB", bytes as f64 / 1e6);
    let peak = figures.peak_bytes.map_or_else(String::new, megabytes);
    let (prepare, fit, score) =
        (figures.prepare_seconds, figures.fit_seconds, figures.score_seconds);
    format!(
        "Per fold: fit {fit:.1} s, score {score:.1} s. Features, computed once: {prepare:.1} s{peak}"
    )
}

/// A table of what was chosen, one row per fold; nothing for a method that has nothing to choose.
fn choices(name: &str, outcomes: &[&Outcome]) -> Option<Element> {
    let mut keys: Vec<&str> = Vec::new();
    for outcome in outcomes {
        let own = outcome.choices.as_object().into_iter().flatten();
        for (key, _) in own {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
    }
    if keys.is_empty() {
        return None;
    }
    let repeats = outcomes.iter().any(|outcome| outcome.repeat > 0);
    let column = |key: &str| element("th").set("scope", "col").text(key.replace('_', " "));
    let head = element("tr").with(column("fold")).all(keys.iter().map(|key| column(key)));
    let row = |outcome: &&Outcome| {
        let repeat = if repeats { format!("{}-", outcome.repeat + 1) } else { String::new() };
        let fold = format!("{repeat}{}", outcome.fold + 1);
        let cell = |key: &&str| outcome.choices.get(*key).map_or_else(String::new, plain);
        let cells = keys.iter().map(|key| element("td").text(or_dash(cell(key))));
        element("tr").with(element("th").set("scope", "row").text(fold)).all(cells)
    };
    let table = element("table")
        .with(element("thead").with(head))
        .with(element("tbody").all(outcomes.iter().map(row)));
    let summary = element("summary").text("Chosen in each fold");
    let table = scrolling(&format!("What {name} chose"), table);
    Some(element("details").with(summary).with(table))
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    let list = |values: &[Value]| {
        let nested = values.iter().any(Value::is_array);
        let values: Vec<String> = values.iter().map(plain).collect();
        values.join(if nested { "; " } else { ", " })
    };
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, short),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => list(values),
        Value::Object(values) => {
            let pair = |(key, value): (&String, &Value)| format!("{key} {}", plain(value));
            values.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A number with four digits that count.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size.log10().floor() {
        _ if size == 0.0 => 0,
        exponent if exponent < 0.0 => (3.0 - exponent) as usize,
        exponent => 3_usize.saturating_sub(exponent as usize),
    };
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_are_written_as_people_write_them() {
        let values = json!([
            0.1 + 0.2, 1e-7, 12.0, 1234.56, 0.001_234_56, true, null, "l1", [], [1, 5],
            [["WN", "ND"], ["LG"]], {"k": 4, "lambda": 0.05}
        ]);
        let plain: Vec<String> = values.as_array().unwrap().iter().map(plain).collect();
        insta::assert_snapshot!(
            plain.join(" | "),
            @"0.3 | 1.00e-7 | 12 | 1235 | 0.001235 | yes |  | l1 | none | 1, 5 | WN, ND; LG | k 4, lambda 0.05"
        );
    }
}
