//! What scikit-learn makes of a precomputed kernel: `tests/fixtures/kernels.py`; the file states the versions.

/// A kernel of `n` repertoires, the first `fitted` of which are learned from.
#[derive(serde::Deserialize)]
pub(crate) struct Fixture {
    pub(crate) n: usize,
    pub(crate) fitted: usize,
    pub(crate) kernel: Vec<f32>,
    pub(crate) labels: Vec<bool>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) neighbours: Vec<Votes>,
}

/// `SVC(kernel="precomputed")`
#[derive(serde::Deserialize)]
pub(crate) struct Machine {
    pub(crate) c: f64,
    /// Of all n, those of the fit first.
    pub(crate) decisions: Vec<f64>,
    pub(crate) intercept: f64,
}

/// `KNeighborsClassifier(metric="precomputed")` on 1 - K
#[derive(serde::Deserialize)]
pub(crate) struct Votes {
    pub(crate) k: usize,
    /// Share of positives among the k nearest, of those that are not of the fit.
    pub(crate) shares: Vec<f64>,
}

impl Fixture {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../tests/fixtures/kernels.json");
        serde_json::from_str(text).expect("a fixture")
    }
}
