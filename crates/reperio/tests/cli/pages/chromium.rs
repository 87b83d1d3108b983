//! A browser without a window.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Names of the program, in Debian and elsewhere.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Chromium with a profile of its own.
pub(super) struct Chromium {
    program: &'static str,
    profile: TempDir,
}

impl Chromium {
    /// The first that starts; `None` where there is none.
    pub(super) fn find() -> Option<Self> {
        let starts = |name: &&str| {
            let asked = Command::new(name).arg("--version").output();
            asked.is_ok_and(|output| output.status.success())
        };
        let program = NAMES.into_iter().find(starts)?;
        Some(Self { program, profile: tempfile::tempdir().expect("a temporary folder") })
    }

    /// Opens a file and returns its document as it stands after all scripts, with what went to the console. Nothing
    /// reaches the network, not what the browser asks for itself either.
    pub(super) fn open(&self, page: &Path, options: &[&str]) -> Opened {
        let output = Command::new(self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .args(["--enable-logging=stderr", "--v=0"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .args(["--virtual-time-budget=600000", "--dump-dom"])
            .args(options)
            .arg(format!("file://{}", page.display()))
            .output()
            .expect("the browser starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the browser failed: {stderr}");
        let console = stderr.lines().filter(|line| line.contains("CONSOLE"));
        Opened {
            document: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: console.map(str::to_owned).collect(),
        }
    }
}

/// What came of opening a page.
pub(super) struct Opened {
    pub(super) document: String,
    /// Lines on the console.
    pub(super) console: Vec<String>,
}
