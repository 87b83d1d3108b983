//! The fuzzed program: libFuzzer around one target, which `REPERIO_FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<String> =
    LazyLock::new(|| std::env::var("REPERIO_FUZZ_TARGET").unwrap_or_default());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reperio_fuzz::run(&TARGET, bytes));
