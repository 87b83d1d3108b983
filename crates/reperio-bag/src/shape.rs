//! What a bag operation is made of: filters, windows, position terms, genes, attention.

use serde::{Deserialize, Serialize};

use super::position::PositionTerms;

/// Widest filter, in residues.
pub const MAX_WIDTH: usize = 15;
/// Most state patterns.
pub const MAX_HEADS: usize = 8;
/// Most layers of the key network.
pub const MAX_LAYERS: usize = 3;

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
    /// Filters, in the order of their channels.
    pub filters: Vec<FilterGroup>,
    /// Which windows compete for a filter's maximum.
    pub windows: Windows,
    /// How a filter uses the position of a window.
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
    /// Filters of all groups: C.
    pub fn channels(&self) -> usize {
        self.filters.iter().map(|group| group.count).sum()
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
        check(!self.filters.is_empty(), "filters", 0, "at least one group")?;
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
    }
}
