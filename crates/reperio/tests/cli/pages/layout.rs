//! Every page in a browser: nothing clipped, hidden or asked of the network, at the widths of a desk, a phone and paper.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::chromium::Chromium;
use super::{cohort_with_odd_names, pages};
use crate::support::folder;

/// Where pages are laid out; 718 pixels are the width of A4 at 96 dots an inch between margins of 1 cm.
const VIEWS: [(&str, u32, bool); 3] =
    [("desk", 1280, false), ("phone", 600, false), ("paper", 718, true)];

/// What is wrong with the layout of `pages`, a line each.
fn faults(browser: &Chromium, pages: &[PathBuf], dir: &Path, options: &[&str]) -> Vec<String> {
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(dir).unwrap_or(path).display().to_string();
        (name, fs::read_to_string(path).expect("a page"))
    };
    let pages: Vec<(String, String)> = pages.iter().map(read).collect();
    let view = |(view, width, print)| json!({ "view": view, "width": width, "print": print });
    let input = json!({ "pages": pages, "views": VIEWS.map(view) }).to_string();
    let harness = dir.join("harness.html");
    let script = include_str!("measure.js");
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><body><script type=\"application/json\" id=\"input\">{}</script><script>{script}</script></body>",
        input.replace('<', "\\u003c")
    );
    fs::write(&harness, html).expect("a file");
    let document = browser.open(&harness, options).document;
    let found = document.split_once("<output>").and_then(|(_, rest)| rest.split_once("</output>"));
    let (found, _) = found.unwrap_or_else(|| panic!("no result in {document}"));
    let found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&found).expect("a list of faults")
}

/// Where `REPERIO_PAGES` names a folder, its pages are looked at instead of made-up ones.
fn chosen(dir: &TempDir) -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("REPERIO_PAGES") else {
        cohort_with_odd_names(dir);
        return pages(dir);
    };
    let (mut all, mut open) = (Vec::new(), vec![PathBuf::from(root)]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "html") {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

#[test]
fn pages_are_whole_at_every_width_in_light_and_dark() {
    let Some(browser) = Chromium::find() else {
        eprintln!("skipped: no Chromium");
        return;
    };
    let dir = folder();
    let pages = chosen(&dir);
    assert!(pages.len() >= 7, "{pages:?}");
    let mut found = Vec::new();
    for page in &pages {
        let lines = browser.open(page, &[]).console.into_iter();
        found.extend(lines.map(|own| format!("{}: console: {own}", page.display())));
    }
    for scheme in
        ["--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"]
    {
        found.extend(faults(&browser, &pages, dir.path(), &[scheme]));
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}
