//! Methods beside each other on one table.

use std::fmt;

use crate::problem::Problem;

/// One table's figures, a mean and a spread a method.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) methods: Vec<(String, (f64, f64))>,
    /// Whether a larger figure is better.
    larger: bool,
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn spread(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

impl Line {
    /// Hopular's figures, one a fold, before those of the others.
    pub(crate) fn new(problem: &Problem, hopular: Vec<f64>) -> Self {
        let all = std::iter::once(("Hopular".to_owned(), hopular)).chain(problem.rivals.clone());
        let methods =
            all.map(|(name, figures)| (name, (mean(&figures), spread(&figures)))).collect();
        Self { name: problem.name.clone(), methods, larger: problem.has_classes() }
    }

    /// Mean figure of a method.
    pub(crate) fn figure(&self, method: &str) -> f64 {
        let found = self.methods.iter().find(|(name, _)| name == method);
        found.map_or(f64::NAN, |(_, (mean, _))| *mean)
    }

    /// How far a method is from the best one; 0 for that one itself.
    pub(crate) fn behind(&self, method: &str) -> f64 {
        let figure = self.figure(method);
        let behind = |other: f64| if self.larger { other - figure } else { figure - other };
        self.methods.iter().map(|(_, (mean, _))| behind(*mean)).fold(0.0, f64::max)
    }

    /// 1 for the best method; equal ones share a rank.
    pub(crate) fn rank(&self, method: &str) -> f64 {
        let own = self.behind(method);
        let behind = |name: &str| self.behind(name);
        let count = |wanted: &dyn Fn(f64) -> bool| {
            self.methods.iter().filter(|(name, _)| wanted(behind(name) - own)).count() as f64
        };
        let (better, equal) = (count(&|gap| gap < -1e-9), count(&|gap| gap.abs() <= 1e-9));
        better + f64::midpoint(equal, 1.0)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for (name, (mean, spread)) in &self.methods {
            writeln!(f, "  {name:<20}{mean:>7.3} ({spread:.3})  rank {:.1}", self.rank(name))?;
        }
        Ok(())
    }
}
