//! A table of unknown format whose columns the user names.

/// Names of the columns to read, as in the file's header. With one of the first three the table is read by
/// these columns alone; without, they overrule those of the format that is recognised.
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

impl Columns {
    /// Whether a column of sequences is among them.
    pub(super) fn name_sequence(&self) -> bool {
        [&self.junction_aa, &self.cdr3_aa, &self.junction].into_iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReadOptions;
    use super::super::testing::check_with;
    use super::Columns;
    use insta::assert_snapshot;

    fn check(columns: Columns) -> String {
        let table = "Patient;Sequence;Gene;N\np7;CASSYEQYF;TRBV9;4\np7;CASSLGYEQYF;TRBV9;1\n";
        let options = ReadOptions { columns: Some(columns), ..ReadOptions::default() };
        check_with(table.as_bytes(), &options)
    }

    fn columns(junction_aa: &str) -> Columns {
        Columns { junction_aa: Some(junction_aa.to_owned()), ..Columns::default() }
    }

    #[test]
    fn columns_are_those_that_were_named() {
        let named = Columns {
            v_call: Some("Gene".to_owned()),
            duplicate_count: Some("n".to_owned()),
            ..columns("Sequence")
        };
        assert_snapshot!(check(named), @r"
        custom case: 2 of 2 rows
        CASSLGYEQYF TRBV9 ? 1
        CASSYEQYF TRBV9 ? 4
        ");
    }

    #[test]
    fn a_named_column_that_is_absent_is_an_error() {
        assert_snapshot!(check(columns("junction")), @"case.tsv:1: columns `Patient`, `Sequence`, `Gene`, `N`, expected the column `junction` that you named");
    }

    #[test]
    fn some_column_of_sequences_must_be_named() {
        assert_snapshot!(check(Columns::default()), @"case.tsv:1: columns `Patient`, `Sequence`, `Gene`, `N`, expected that you name the column of the junction, of its nucleotides or of the CDR3");
    }

    #[test]
    fn a_named_column_tells_repertoires_apart() {
        let table = "Patient;Sequence\np7;CASSYEQYF\np7;CASSLGYEQYF\n";
        let options = ReadOptions {
            columns: Some(columns("Sequence")),
            repertoire_column: Some("Patient".to_owned()),
            ..ReadOptions::default()
        };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        custom p7: 2 of 2 rows
        CASSLGYEQYF ? ? 1
        CASSYEQYF ? ? 1
        noted: missing counts 2
        ");
        let options = ReadOptions { repertoire_column: Some("Donor".to_owned()), ..options };
        assert_snapshot!(check_with(table.as_bytes(), &options), @"case.tsv:1: columns `Patient`, `Sequence`, expected the repertoire column `Donor`");
    }
}
