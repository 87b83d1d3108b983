//! Tells the program the commit it is built from, for the run folders it writes.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=REPERIO_COMMIT");
    let commit = std::env::var("REPERIO_COMMIT").ok().or_else(|| git(&["rev-parse", "HEAD"]));
    println!("cargo::rustc-env=REPERIO_COMMIT={}", commit.unwrap_or_else(|| "unknown".to_owned()));
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// What git says, or nothing where this is no checkout.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
