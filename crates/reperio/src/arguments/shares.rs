//! `60/20/20`: the shares of one split.

use std::str::FromStr;

/// Shares of training, validation and test; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shares {
    train: f64,
    validation: f64,
    /// Share of repertoires that are held out.
    pub(crate) test: f64,
}

impl Shares {
    /// Share of everything but the test part that decides when training stops.
    pub(crate) fn validation_fraction(self) -> f64 {
        self.validation / (self.train + self.validation)
    }
}

impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected three positive shares such as 60/20/20".to_owned();
        let shares: Vec<f64> =
            text.split('/').map(str::parse).collect::<Result<_, _>>().map_err(|_| expected())?;
        let [train, validation, test] = shares[..] else { return Err(expected()) };
        let sum = train + validation + test;
        if !sum.is_finite() || shares.iter().any(|&share| share <= 0.0) {
            return Err(expected());
        }
        Ok(Self { train: train / sum, validation: validation / sum, test: test / sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read() {
        let shares: Shares = "60/20/20".parse().unwrap();
        assert!((shares.test - 0.2).abs() < 1e-12);
        assert!((shares.validation_fraction() - 0.25).abs() < 1e-12);
        for text in ["60/40", "60/20/-20", "60/20/x", "60/20/inf", "60/0/40", ""] {
            assert_eq!(
                text.parse::<Shares>(),
                Err("expected three positive shares such as 60/20/20".to_owned()),
                "{text}"
            );
        }
    }
}
