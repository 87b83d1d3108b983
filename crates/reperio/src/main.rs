//! The `reperio` program.

fn main() {}
