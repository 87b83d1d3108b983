//! What a bag operation is made of: filters, windows, position terms, genes, attention.

use serde::{Deserialize, Serialize};

use super::position::PositionTerms;

/// Widest filter, in residues.
pub const MAX_WIDTH: usize = 15;
/// Most state patterns.
pub const MAX_HEADS: usize = 8;
/// Most layers of the key network.
pub const MAX_LAYERS: usize = 3;

/// Most units of an LSTM.
pub const MAX_UNITS: usize = 256;

/// Filters of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterGroup {
    /// Residues that a filter sees, 1 to [`MAX_WIDTH`].
    pub width: usize,
    /// Filters of this width, at least 1.
    pub count: usize,
}

/// Which windows of a sequence a filter is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Windows {
    /// Windows inside the sequence; a sequence shorter than the filter is zero-padded to one window.
    #[default]
    Full,
    /// Every window of the sequence zero-padded to the longest length, as in `DeepRC`.
    Padded,
}

/// Sizes and variants of a bag operation; with them a flat parameter vector has a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BagShape {
    /// Filters, in the order of their channels; none with an LSTM.
    pub filters: Vec<FilterGroup>,
    /// Units of an LSTM that embeds sequences in the place of filters, up to [`MAX_UNITS`]; 0 for none.
    #[serde(default)]
    pub lstm_units: usize,
    /// Which windows compete for a filter's maximum; an LSTM has none.
    pub windows: Windows,
    /// How a filter uses the position of a window, and an LSTM that of a residue (a window of width 1).
    pub position: PositionTerms,
    /// Length of a gene embedding, 0 for none.
    pub gene_dim: usize,
    /// V genes of the vocabulary, the unknown gene (index 0) included.
    pub v_genes: usize,
    /// J genes of the vocabulary, the unknown gene (index 0) included.
    pub j_genes: usize,
    /// Layers of the key network, 1 to [`MAX_LAYERS`].
    pub attention_layers: usize,
    /// Width of every layer of the key network.
    pub attention_width: usize,
    /// State patterns (queries), 1 to [`MAX_HEADS`].
    pub heads: usize,
    /// Multiply the one-hot residues by the log-count (`DeepRC` on the CMV data).
    pub count_scaling: bool,
}

/// A size outside its range.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {value}, expected {expected}")]
pub struct InvalidShape {
    /// Field of [`BagShape`].
    pub field: &'static str,
    /// Value found.
    pub value: usize,
    /// Range in words.
    pub expected: &'static str,
}

impl BagShape {
    /// Filters of all groups.
    pub fn filter_count(&self) -> usize {
        self.filters.iter().map(|group| group.count).sum()
    }

    /// Values of an embedding before those of the genes, of the filters or of the LSTM: C.
    pub fn channels(&self) -> usize {
        self.filter_count() + self.lstm_units
    }

    /// Length of a sequence's embedding: D = C + G.
    pub fn embedding_dim(&self) -> usize {
        self.channels() + self.gene_dim
    }

    /// Width of the widest filter.
    pub fn max_width(&self) -> usize {
        self.filters.iter().map(|group| group.width).max().unwrap_or(0)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of range.
    pub fn validate(&self) -> Result<(), InvalidShape> {
        let check = |ok: bool, field, value, expected| {
            if ok { Ok(()) } else { Err(InvalidShape { field, value, expected }) }
        };
        let (groups, units) = (self.filters.len(), self.lstm_units);
        check(units <= MAX_UNITS, "lstm_units", units, "at most 256")?;
        check(units == 0 || groups == 0, "filters", groups, "no group with an LSTM")?;
        check(units > 0 || groups > 0, "filters", groups, "at least one group")?;
        for group in &self.filters {
            let width = group.width;
            check((1..=MAX_WIDTH).contains(&width), "filters.width", width, "1 to 15")?;
            check(group.count > 0, "filters.count", 0, "at least 1")?;
        }
        if let PositionTerms::Bins { from_start, from_end } = self.position {
            check(from_start > 0, "position.from_start", 0, "at least 1")?;
            check(from_end > 0, "position.from_end", 0, "at least 1")?;
        }
        check(self.gene_dim == 0 || self.v_genes > 0, "v_genes", 0, "at least 1")?;
        check(self.gene_dim == 0 || self.j_genes > 0, "j_genes", 0, "at least 1")?;
        let layers = self.attention_layers;
        check((1..=MAX_LAYERS).contains(&layers), "attention_layers", layers, "1 to 3")?;
        check(self.attention_width > 0, "attention_width", 0, "at least 1")?;
        check((1..=MAX_HEADS).contains(&self.heads), "heads", self.heads, "1 to 8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> BagShape {
        BagShape {
            filters: vec![FilterGroup { width: 9, count: 32 }],
            lstm_units: 0,
            windows: Windows::Full,
            position: PositionTerms::None,
            gene_dim: 0,
            v_genes: 1,
            j_genes: 1,
            attention_layers: 2,
            attention_width: 32,
            heads: 1,
            count_scaling: false,
        }
    }

    #[test]
    fn a_size_out_of_range_is_named() {
        assert_eq!(shape().validate(), Ok(()));
        let wide = BagShape { filters: vec![FilterGroup { width: 16, count: 1 }], ..shape() };
        let message = wide.validate().unwrap_err().to_string();
        assert_eq!(message, "`filters.width` is 16, expected 1 to 15");
        let headless = BagShape { heads: 0, ..shape() };
        assert_eq!(headless.validate().unwrap_err().to_string(), "`heads` is 0, expected 1 to 8");
        let both = BagShape { lstm_units: 32, ..shape() };
        let message = both.validate().unwrap_err().to_string();
        assert_eq!(message, "`filters` is 1, expected no group with an LSTM");
        let neither = BagShape { filters: vec![], ..shape() };
        let message = neither.validate().unwrap_err().to_string();
        assert_eq!(message, "`filters` is 0, expected at least one group");
        assert_eq!(BagShape { filters: vec![], ..both.clone() }.validate(), Ok(()));
        let large = BagShape { filters: vec![], lstm_units: 257, ..shape() };
        let message = large.validate().unwrap_err().to_string();
        assert_eq!(message, "`lstm_units` is 257, expected at most 256");
    }
}
