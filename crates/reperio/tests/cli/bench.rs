//! The measurement itself: that it runs and counts, never how fast it is.

use insta_cmd::assert_cmd_snapshot;

use crate::support::{folder, json, reperio};

const SMALL: [&str; 5] = ["bench", "--sequences", "300", "--turns", "1"];

#[test]
fn without_pytorch_there_are_speeds_and_no_ratios() {
    let found = json(&folder(), &SMALL);
    assert_eq!(found["sequences"], 1200);
    assert_eq!(found["measured"].as_array().unwrap().len(), 6);
    let speeds = found["measured"].as_array().unwrap().iter();
    assert!(speeds.map(|one| one["sequences_per_second"].as_f64().unwrap()).all(|s| s > 0.0));
    assert!(found["scoring_ratio"].is_null());
    assert!(found["load"]["quotable"].is_boolean());
}

#[test]
fn a_yardstick_that_does_not_answer_is_an_error() {
    let dir = folder();
    assert_cmd_snapshot!(reperio(&dir, &[&SMALL[..], &["--yardstick", "true"]].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: the yardstick ended: without a message
    ");
    assert_cmd_snapshot!(reperio(&dir, &[&SMALL[..], &["--yardstick", "./absent"]].concat()), @"
    success: false
    exit_code: 1
    ----- stdout -----

    ----- stderr -----
    error: cannot start ./absent: No such file or directory (os error 2)
    ");
}
