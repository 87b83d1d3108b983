//! A browser without a window.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

    /// Opens a file and returns its document as it stands after all scripts, with what went to the console and over the
    /// network.
    pub(super) fn open(&self, page: &Path, options: &[&str]) -> Opened {
        let log = self.profile.path().join("network.json");
        let output = Command::new(self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--enable-logging=stderr", "--v=0"])
            .arg(format!("--user-data-dir={}", self.profile.path().join("profile").display()))
            .arg(format!("--log-net-log={}", log.display()))
            .args(["--virtual-time-budget=600000", "--dump-dom"])
            .args(options)
            .arg(format!("file://{}", page.display()))
            .output()
            .expect("the browser starts");
        Opened::new(&output, &fs::read_to_string(log).expect("a log of the network"))
    }
}

/// What came of opening a page.
pub(super) struct Opened {
    pub(super) document: String,
    /// Lines on the console.
    pub(super) console: Vec<String>,
    /// Addresses that were asked for, files left out.
    pub(super) requests: Vec<String>,
}

impl Opened {
    fn new(output: &Output, network: &str) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the browser failed: {stderr}");
        let console = stderr.lines().filter(|line| line.contains("CONSOLE"));
        let addresses =
            network.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
        let outside = addresses.filter(|address| address.starts_with("http"));
        Self {
            document: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: console.map(str::to_owned).collect(),
            requests: outside.map(str::to_owned).collect(),
        }
    }
}
