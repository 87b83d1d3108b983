//! Peak memory of this process, where the system tells (Linux).

use std::fs;

/// Starts a new peak.
pub(crate) fn reset() {
    // Without the right to do so the peak of the whole process remains.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Highest resident size in bytes since [`reset`].
pub(crate) fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// Resident size in bytes.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

fn status(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_raises_the_peak() {
        let before = peak().unwrap();
        let buffer = std::hint::black_box(vec![1_u8; 1 << 28]);
        let after = peak().unwrap();
        assert!(after >= before.max(1 << 28), "{after} with a buffer of {}", buffer.len());
    }
}
