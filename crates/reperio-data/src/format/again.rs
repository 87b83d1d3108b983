//! A second header between rows, as in files that were joined.

use super::fault::Fault;
use super::record::Record;

/// Recognises the names of the columns in a row, in any order.
pub(super) struct Again<'a> {
    names: &'a [String],
    /// A bit for each length that a name has, so that most rows are passed at a glance.
    lengths: u64,
}

impl<'a> Again<'a> {
    pub(super) fn of(names: &'a [String]) -> Self {
        let bit = |name: &String| 1_u64.checked_shl(name.len() as u32).unwrap_or(0);
        Self { names, lengths: names.iter().map(bit).fold(0, |all, own| all | own) }
    }

    /// Refuses a row of which the first field and most others are names of columns.
    pub(super) fn check(&self, record: &Record) -> Result<(), Fault> {
        let first = record.field(0);
        let may_be = self.lengths.checked_shr(first.len() as u32).is_some_and(|rest| rest & 1 == 1);
        if may_be && self.is_name(first) {
            let fields = (0..self.names.len()).map(|at| record.field(at));
            if 2 * fields.filter(|field| self.is_name(field)).count() > self.names.len() {
                return Err(Fault::HeaderAgain);
            }
        }
        Ok(())
    }

    fn is_name(&self, field: &[u8]) -> bool {
        !field.is_empty() && self.names.iter().any(|name| name.as_bytes() == field)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use insta::assert_snapshot;

    #[test]
    fn a_header_among_the_rows_is_refused_whatever_its_order() {
        let table = |again: &str| {
            check(&format!(
                "junction_aa\tv_call\tj_call\nCASSYEQYF\tTRBV9\tTRBJ2-7\n{again}\nCASSLEQYF\tTRBV9\tTRBJ2-7\n"
            ))
        };
        let message = table("junction_aa\tv_call\tj_call");
        assert_snapshot!(message, @"case.tsv:3: the column names appear again, expected one table: two files were joined, split them");
        assert_eq!(table("j_call\tjunction_aa\tv_call"), message);
        assert!(
            table("junction_aa\tTRBV9\tTRBJ2-7").contains("2 of 3 rows"),
            "one name is no header"
        );
    }
}
