//! The place of each parameter of a bag operation in its flat parameter vector.

use std::ops::Range;

use super::shape::{BagShape, InvalidShape};

/// One named parameter tensor inside the flat vector, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Name, such as `filter.0.weight`.
    pub name: String,
    /// Shape, such as (K, 20, C).
    pub shape: Vec<usize>,
    /// First index in the flat vector.
    pub offset: usize,
}

impl Segment {
    /// Indices of this tensor in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }
}

/// The flat parameter vector of a [`BagShape`].
///
/// | name | shape | |
/// |---|---|---|
/// | `filter.{g}.weight` | (K, 20, C) | W, residues in the order of the alphabet |
/// | `filter.{g}.bias` | (C) | b |
/// | `filter.{g}.position` | (R, C) | P; absent without position terms |
/// | `lstm.input.weight` | (20, 4 U) | W of an LSTM of U units, in the place of filters; gates in the order input, forget, candidate, output |
/// | `lstm.recurrent.weight` | (U, 4 U) | R |
/// | `lstm.bias` | (2, 4 U) | b, the sum of both rows, as in PyTorch |
/// | `lstm.position` | (R, 4 U) | P; absent without position terms |
/// | `gene.v`, `gene.j` | (genes, G) | E, row 0 the unknown gene; absent if G = 0 |
/// | `key.{l}.weight` | (in, A) | of the key network; in = D, then A |
/// | `key.{l}.bias` | (A) | |
/// | `query` | (H, A) | effective queries: beta is already inside |
/// | `gamma` | (H) | factor of the log-count |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BagLayout {
    shape: BagShape,
    segments: Vec<Segment>,
    pub(super) filters: Vec<FilterRanges>,
    pub(super) lstm: Option<LstmRanges>,
    /// `gene.v` and `gene.j`, empty if there are no genes.
    pub(super) genes: [Range<usize>; 2],
    /// Weight and bias of each layer.
    pub(super) keys: Vec<(Range<usize>, Range<usize>)>,
    pub(super) query: Range<usize>,
    pub(super) gamma: Range<usize>,
    len: usize,
}

/// Ranges of one filter group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilterRanges {
    pub(super) weight: Range<usize>,
    pub(super) bias: Range<usize>,
    /// Empty without position terms.
    pub(super) position: Range<usize>,
    /// Channel of the embedding where the group starts.
    pub(super) channel: usize,
}

/// Ranges of the LSTM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LstmRanges {
    pub(super) input: Range<usize>,
    pub(super) recurrent: Range<usize>,
    /// Two rows.
    pub(super) bias: Range<usize>,
    /// Empty without position terms.
    pub(super) position: Range<usize>,
}

/// Lays segments one after another.
#[derive(Default)]
struct Cursor {
    segments: Vec<Segment>,
    len: usize,
}

impl Cursor {
    fn place(&mut self, name: impl Into<String>, shape: &[usize]) -> Range<usize> {
        let segment = Segment { name: name.into(), shape: shape.to_vec(), offset: self.len };
        let range = segment.range();
        if !range.is_empty() {
            self.segments.push(segment);
        }
        self.len = range.end;
        range
    }
}

impl BagLayout {
    /// Lays out the parameters of `shape`.
    ///
    /// # Errors
    ///
    /// If a size of `shape` is out of range.
    pub fn new(shape: BagShape) -> Result<Self, InvalidShape> {
        shape.validate()?;
        let mut cursor = Cursor::default();
        let mut channel = 0;
        let mut filters = Vec::with_capacity(shape.filters.len());
        for (g, group) in shape.filters.iter().enumerate() {
            let (width, count) = (group.width, group.count);
            let rows = shape.position.rows(width);
            filters.push(FilterRanges {
                weight: cursor.place(format!("filter.{g}.weight"), &[width, 20, count]),
                bias: cursor.place(format!("filter.{g}.bias"), &[count]),
                position: cursor.place(format!("filter.{g}.position"), &[rows, count]),
                channel,
            });
            channel += count;
        }
        let (units, gates) = (shape.lstm_units, 4 * shape.lstm_units);
        let lstm = (units > 0).then(|| LstmRanges {
            input: cursor.place("lstm.input.weight", &[20, gates]),
            recurrent: cursor.place("lstm.recurrent.weight", &[units, gates]),
            bias: cursor.place("lstm.bias", &[2, gates]),
            position: cursor.place("lstm.position", &[shape.position.rows(1), gates]),
        });
        let genes = [
            cursor.place("gene.v", &[shape.v_genes, shape.gene_dim]),
            cursor.place("gene.j", &[shape.j_genes, shape.gene_dim]),
        ];
        let width = shape.attention_width;
        let mut keys = Vec::with_capacity(shape.attention_layers);
        for l in 0..shape.attention_layers {
            let inputs = if l == 0 { shape.embedding_dim() } else { width };
            let weight = cursor.place(format!("key.{l}.weight"), &[inputs, width]);
            keys.push((weight, cursor.place(format!("key.{l}.bias"), &[width])));
        }
        let query = cursor.place("query", &[shape.heads, width]);
        let gamma = cursor.place("gamma", &[shape.heads]);
        let Cursor { segments, len } = cursor;
        Ok(Self { shape, segments, filters, lstm, genes, keys, query, gamma, len })
    }

    /// Sizes that this layout was made for.
    pub fn shape(&self) -> &BagShape {
        &self.shape
    }

    /// Named tensors in the order of the flat vector, which they fill without gaps.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The tensor called `name`.
    pub fn segment(&self, name: &str) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    /// Length of the flat vector.
    #[expect(clippy::len_without_is_empty, reason = "a layout always has parameters")]
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FilterGroup, PositionTerms, Windows};

    #[test]
    fn segments_fill_the_vector_without_gaps() {
        let layout = BagLayout::new(BagShape {
            filters: vec![FilterGroup { width: 5, count: 3 }, FilterGroup { width: 9, count: 2 }],
            lstm_units: 0,
            windows: Windows::Full,
            position: PositionTerms::Ramps,
            gene_dim: 4,
            v_genes: 7,
            j_genes: 6,
            attention_layers: 2,
            attention_width: 8,
            heads: 2,
            count_scaling: false,
        })
        .unwrap();
        let mut end = 0;
        for segment in layout.segments() {
            assert_eq!(segment.offset, end, "{segment:?}");
            end = segment.range().end;
        }
        assert_eq!(end, layout.len());
        assert_eq!(layout.segment("filter.1.weight").unwrap().shape, [9, 20, 2]);
        assert_eq!(layout.segment("key.0.weight").unwrap().shape, [9, 8]);
        assert_eq!(layout.filters[1].channel, 3);
    }

    #[test]
    fn an_lstm_stands_in_the_place_of_filters() {
        let layout = BagLayout::new(BagShape {
            filters: vec![],
            lstm_units: 3,
            windows: Windows::Full,
            position: PositionTerms::DeepRc,
            gene_dim: 2,
            v_genes: 1,
            j_genes: 1,
            attention_layers: 1,
            attention_width: 4,
            heads: 1,
            count_scaling: false,
        })
        .unwrap();
        let of = |name: &str| layout.segment(name).unwrap().shape.clone();
        assert_eq!(of("lstm.input.weight"), [20, 12]);
        assert_eq!(of("lstm.recurrent.weight"), [3, 12]);
        assert_eq!((of("lstm.bias"), of("lstm.position")), (vec![2, 12], vec![3, 12]));
        assert_eq!(of("key.0.weight"), [5, 4]);
    }

    #[test]
    fn absent_parts_have_no_segment() {
        let layout = BagLayout::new(BagShape {
            filters: vec![FilterGroup { width: 1, count: 1 }],
            lstm_units: 0,
            windows: Windows::Padded,
            position: PositionTerms::None,
            gene_dim: 0,
            v_genes: 1,
            j_genes: 1,
            attention_layers: 1,
            attention_width: 1,
            heads: 1,
            count_scaling: false,
        })
        .unwrap();
        let names: Vec<&str> = layout.segments().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            names,
            ["filter.0.weight", "filter.0.bias", "key.0.weight", "key.0.bias", "query", "gamma"]
        );
    }
}
