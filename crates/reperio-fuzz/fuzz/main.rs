//! The fuzzed program: libFuzzer around one target, which `REPERIO_FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<String> =
    LazyLock::new(|| std::env::var("REPERIO_FUZZ_TARGET").unwrap_or_default());

libfuzzer_sys::fuzz_target!(
    // libFuzzer's hook ends the program in any panic, also in one that the library catches. Those that leave the target
    // end it all the same.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| reperio_fuzz::run(&TARGET, bytes)
);
