//! The bag operation computes what the released `DeepRC` program computes: numbers that are not part of the project, in
//! the folder that the variable `REPERIO_SHARED` names. A step of `.ci/run` of its own, which says so where they are not
//! there.

mod deeprc_fixture;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use deeprc_fixture::{LayerNames, check, pairs, read, read_tensors};
use flate2::read::GzDecoder;
use serde_json::Value;

const NAMES: LayerNames = [
    "sequence_embedding.network.0",
    "attention_nn.attention_nn.0",
    "attention_nn.attention_nn.2",
    "attention_nn.attention_nn.4",
    "output_nn.output_nn.0",
];

/// A file each with and without counts.
#[test]
fn agrees_with_the_released_program() {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&shared).join("fixtures/deeprc");
    for case in ["plain", "counts"] {
        let mut text = String::new();
        let file = File::open(folder.join(format!("{case}.json.gz"))).expect("JSON file");
        GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let tensors = read_tensors(&folder.join(format!("{case}.safetensors")));
        let bags = pairs(&json["bags"], &json["bags"]);
        check(&read(case, bags, &json["minibatch"], &tensors, (&NAMES, "grad.")));
    }
}
