//! The bag operation computes what the published `DeepRC` network computes: the committed numbers of
//! `fixtures/deeprc.py`, an own PyTorch program. `shared.rs` has those of the released one.

mod deeprc_fixture;

use std::fs;
use std::path::Path;

use deeprc_fixture::{LayerNames, check, pairs, read, read_tensors};
use serde_json::Value;

const NAMES: LayerNames = ["filter", "key_0", "key_1", "query", "head"];

/// One network with and without counts.
#[test]
fn agrees_with_our_pytorch_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = fs::read_to_string(folder.join("deeprc.json")).expect("deeprc.json");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let tensors = read_tensors(&folder.join("deeprc.safetensors"));
    for case in ["plain", "counts"] {
        let numbers = &json["cases"][case];
        let bags = pairs(&json["bags"], &numbers["bags"]);
        let gradient = format!("{case}.grad.");
        check(&read(case, bags, &numbers["minibatch"], &tensors, (&NAMES, &gradient)));
    }
}
