//! The bag operation computes what the published `DeepRC` network computes: the committed numbers of
//! `fixtures/deeprc.py` and `fixtures/deeprc_lstm.py`, own PyTorch programs. `shared.rs` has those of the released one.

mod deeprc_fixture;

use std::fs;
use std::path::Path;

use deeprc_fixture::{LayerNames, check, pairs, read, read_tensors};
use serde_json::Value;

/// The numbers of one network with and without counts.
fn check_files(name: &str, names: &LayerNames) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).expect("a JSON file");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let tensors = read_tensors(&folder.join(format!("{name}.safetensors")));
    for case in ["plain", "counts"] {
        let numbers = &json["cases"][case];
        let bags = pairs(&json["bags"], &numbers["bags"]);
        let gradient = format!("{case}.grad.");
        check(&read(case, bags, &numbers["minibatch"], &tensors, (names, &gradient)));
    }
}

#[test]
fn agrees_with_our_pytorch_program() {
    check_files("deeprc", &["filter", "key_0", "key_1", "query", "head"]);
}

#[test]
fn agrees_with_our_pytorch_program_of_the_lstm() {
    check_files("deeprc_lstm", &["lstm", "key_0", "key_1", "query", "head"]);
}
