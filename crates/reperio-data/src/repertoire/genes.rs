//! Names of genes, and the vocabulary that several repertoires share.

use super::Repertoire;
use crate::gene::{Species, family, is_family_only};

/// Names of V and J genes; index 0 of each is the unknown gene, written as the empty string.
///
/// A name may be that of a family, where no more is known (see [`crate::gene`]).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GeneVocabulary {
    /// V genes or families (IMGT, no alleles); `v[0]` is "".
    pub v: Vec<String>,
    /// J genes or families (IMGT, no alleles); `j[0]` is "".
    pub j: Vec<String>,
}

impl Default for GeneVocabulary {
    fn default() -> Self {
        Self { v: vec![String::new()], j: vec![String::new()] }
    }
}

impl GeneVocabulary {
    /// The sorted union of the genes of `repertoires`, unknown first.
    ///
    /// Where some of the V genes are known by their families only, the families of all others join them, so
    /// that a gene which no repertoire has can still be encoded as its family; J genes likewise.
    ///
    /// # Examples
    ///
    /// ```
    /// use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
    ///
    /// # fn main() -> Result<(), reperio_data::junction::InvalidJunction> {
    /// let mut builder = Builder::default();
    /// let junction_aa = "CAF".try_into()?;
    /// builder.push(Row { junction_aa, v_call: "TRBV9", j_call: "", duplicate_count: 1 });
    /// let genes = GeneVocabulary::of([&builder.finish("donor".to_owned())]);
    /// assert_eq!((genes.v.len(), genes.v[1].as_str(), genes.j.len()), (2, "TRBV9", 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of<'a>(repertoires: impl IntoIterator<Item = &'a Repertoire>) -> Self {
        let mut all = Self::default();
        for repertoire in repertoires {
            all.v.extend(repertoire.genes.v.iter().cloned());
            all.j.extend(repertoire.genes.j.iter().cloned());
        }
        for names in [&mut all.v, &mut all.j] {
            names.sort_unstable(); // The empty name sorts first.
            names.dedup();
        }
        let species = Species::of_genes(all.v.iter().chain(&all.j).map(String::as_str));
        for names in [&mut all.v, &mut all.j] {
            add_families(names, species);
        }
        all
    }
}

/// Adds the families of several genes to sorted names of which one is such a family.
fn add_families(names: &mut Vec<String>, species: Species) {
    if !names.iter().any(|name| is_family_only(name, species)) {
        return;
    }
    let families = names.iter().map(|name| family(name));
    let several = families.filter(|family| is_family_only(family, species)).map(str::to_owned);
    names.extend(several.collect::<Vec<_>>());
    names.sort_unstable();
    names.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repertoire::{Builder, Row};

    /// The V and J names of the vocabulary of two repertoires with these V and J calls.
    fn vocabulary(calls: [&[(&str, &str)]; 2]) -> (String, String) {
        let of = |calls: &[(&str, &str)]| {
            let mut builder = Builder::default();
            for &(v_call, j_call) in calls {
                let junction_aa = "CASSF".try_into().unwrap();
                builder.push(Row { junction_aa, v_call, j_call, duplicate_count: 1 });
            }
            builder.finish("r".to_owned())
        };
        let genes = GeneVocabulary::of([&of(calls[0]), &of(calls[1])]);
        (genes.v.join(" "), genes.j.join(" "))
    }

    #[test]
    fn a_vocabulary_of_genes_has_no_families() {
        let human = [("TRBV6-2", "TRBJ2-1"), ("TRBV13", "TRBJ1-1"), ("TRBV12-3", "")];
        let (v, j) = vocabulary([&human, &[("TRBV24-1", "")]]);
        assert_eq!((&v[..], &j[..]), (" TRBV12-3 TRBV13 TRBV24-1 TRBV6-2", " TRBJ1-1 TRBJ2-1"));
        // In the mouse TRBV6 is a gene, and TRBV13 a family.
        let mouse = [("TRBV6", "TRBJ2-1"), ("TRBV13-2", "TRBJ1-1"), ("TRBV12-1", "")];
        let (v, j) = vocabulary([&mouse, &[("TRBV24", "")]]);
        assert_eq!((&v[..], &j[..]), (" TRBV12-1 TRBV13-2 TRBV24 TRBV6", " TRBJ1-1 TRBJ2-1"));
    }

    #[test]
    fn a_vocabulary_with_a_family_has_those_of_all_its_genes() {
        let genes = [("TRBV6-2", "TRBJ2-1"), ("TRBV7-9", "TRBJ1-1"), ("TRBV28", "TRBJ1-2")];
        let (v, j) = vocabulary([&genes, &[("TRBV5", "TRBJ2-1"), ("TRBV24-1", "")]]);
        assert_eq!(v, " TRBV24-1 TRBV28 TRBV5 TRBV6 TRBV6-2 TRBV7 TRBV7-9");
        assert_eq!(j, " TRBJ1-1 TRBJ1-2 TRBJ2-1", "no J call is a family");
        let (v, j) = vocabulary([&genes, &[("TRBV6-2", "TRBJ2")]]);
        assert_eq!(v, " TRBV28 TRBV6-2 TRBV7-9", "no V call is a family");
        assert_eq!(j, " TRBJ1 TRBJ1-1 TRBJ1-2 TRBJ2 TRBJ2-1");
        // In man TRBV13 is a gene.
        let (v, _) = vocabulary([&[("TRBV20", ""), ("TRBV12-1", "")], &[("TRBV13", "")]]);
        assert_eq!(v, " TRBV12 TRBV12-1 TRBV13 TRBV20", "mouse");
    }
}
