//! A table of no known format: a person names its columns.

/// Names of the columns to read, as in the file's header. At least one of the first three is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Junction with both anchors.
    pub junction_aa: Option<String>,
    /// CDR3 without anchors.
    pub cdr3_aa: Option<String>,
    /// Nucleotides of the junction.
    pub junction: Option<String>,
    /// V gene.
    pub v_call: Option<String>,
    /// J gene.
    pub j_call: Option<String>,
    /// Copies.
    pub duplicate_count: Option<String>,
    /// Locus.
    pub locus: Option<String>,
    /// Whether the rearrangement is productive (true or false).
    pub productive: Option<String>,
}
