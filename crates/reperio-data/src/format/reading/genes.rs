//! Which columns name genes, and of which species.
//!
//! If none of a format's own columns has a gene, other columns that hold V or J genes are used, whatever
//! their names, provided all of them are of one chain.

use std::collections::BTreeSet;

use super::plan::Plan;
use super::sample::Sample;
use crate::gene::{Locus, Species, SpeciesEvidence, normalise};

/// Rows looked at where the columns of genes have to be searched for.
const SEARCHED: usize = 50;

/// A V or a J gene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    V,
    J,
}

impl Segment {
    pub(super) fn letter(self) -> char {
        match self {
            Self::V => 'V',
            Self::J => 'J',
        }
    }
}

/// Whether any of `columns` has a gene or a family.
pub(super) fn any(sample: &Sample, columns: &[usize], identity: Option<usize>) -> bool {
    columns
        .iter()
        .any(|&at| Some(at) == identity || sample.values(at).any(|value| !read(value).is_empty()))
}

/// The gene that a field names for man or mouse, "" for none.
fn read(value: &[u8]) -> String {
    if !begins_as_gene(value) {
        return String::new();
    }
    let text = String::from_utf8_lossy(value);
    let human = normalise(&text, Species::Human).gene;
    if human.is_empty() { normalise(&text, Species::Mouse).gene } else { human }
}

/// Whether one of the words of a field can be a gene.
fn begins_as_gene(value: &[u8]) -> bool {
    let mut words = value.split(|byte| b" |,;".contains(byte) || !byte.is_ascii());
    value.len() <= 400
        && words.any(|word| {
            let word = word.strip_prefix(b"h").or(word.strip_prefix(b"m")).unwrap_or(word);
            let start = word.get(..2).unwrap_or_default();
            ["TR", "TC", "IG"].iter().any(|known| start.eq_ignore_ascii_case(known.as_bytes()))
        })
}

/// Columns outside of `used` that hold genes of a segment; as an error if they are of several chains.
pub(super) fn search(
    sample: &Sample,
    width: usize,
    used: &[usize],
    segment: Segment,
) -> Result<Vec<usize>, Vec<usize>> {
    let mut found = Vec::new();
    let mut several = false;
    let mut loci: Option<BTreeSet<Locus>> = None;
    for at in (0..width).filter(|at| !used.contains(at)) {
        let values: Vec<_> = sample.values(at).take(SEARCHED).collect();
        let genes = values.iter().map(|value| read(value));
        let genes: Vec<_> =
            genes.filter(|gene| gene.chars().nth(3) == Some(segment.letter())).collect();
        if genes.is_empty() || 2 * genes.len() < values.len() {
            continue;
        }
        let own: BTreeSet<Locus> = genes.iter().filter_map(|gene| Locus::of_gene(gene)).collect();
        several |= loci.as_ref().is_some_and(|known| known.is_disjoint(&own));
        loci = Some(own);
        found.push(at);
    }
    if several { Err(found) } else { Ok(found) }
}

/// Names of columns that state a species, in lower case.
const SPECIES: [&str; 12] = [
    "species",
    "organism",
    "organism_id",
    "organism.id",
    "organism.label",
    "organism_label",
    "organism_name",
    "species_id",
    "species.label",
    "species_name",
    "taxon_id",
    "tax_id",
];

/// Whose genes a table names, and how that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownSpecies {
    pub(super) species: Species,
    pub(super) because: String,
    /// The column that states it.
    pub(super) column: Option<usize>,
    /// A species that the column states and that is not known.
    pub(super) foreign: Option<String>,
}

/// The species of a table: that of its column, else that which its gene names can only have, else the
/// one that was asked for, else human. A column that states one that is not known leaves it to the names.
pub(super) fn species(
    sample: &Sample,
    plan: &Plan,
    names: &[String],
    asked: Option<Species>,
) -> Result<KnownSpecies, (Species, String)> {
    let states = |name: &str| SPECIES.iter().any(|known| name.eq_ignore_ascii_case(known));
    let columns: Vec<usize> = (0..names.len()).filter(|&at| states(&names[at])).collect();
    let stated =
        columns.iter().flat_map(|&at| sample.texts(at).into_iter().map(move |text| (at, text)));
    let stated: Vec<(usize, String)> = stated.collect();
    let found = stated.iter().find_map(|(at, text)| Some((*at, text, Species::of_column(text)?)));
    let mut known = KnownSpecies {
        species: asked.unwrap_or_default(),
        because: if asked.is_some() { "asked for" } else { "default" }.to_owned(),
        // One without a value may state it further below.
        column: found.map(|(at, ..)| at).or(columns.first().copied()),
        foreign: None,
    };
    if found.is_none()
        && let Some((at, text)) = stated.first()
    {
        (known.column, known.foreign) = (Some(*at), Some(text.clone()));
    }
    let because = |(at, text, species): (usize, &String, Species)| {
        (species, format!("column `{}` is {text:?}", names[at]))
    };
    let found = found.map(because).or_else(|| by_names(sample, plan));
    let Some((species, because)) = found else { return Ok(known) };
    match asked {
        Some(asked) if asked != species => Err((species, because)),
        _ => Ok(KnownSpecies { species, because, ..known }),
    }
}

fn by_names(sample: &Sample, plan: &Plan) -> Option<(Species, String)> {
    let mut evidence = SpeciesEvidence::default();
    // J genes of man and mouse have the same names.
    let columns = plan.chains.iter().flat_map(|chain| &chain.v_call);
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for &at in columns.filter(|&&at| Some(at) != plan.identity) {
        texts.extend(sample.texts(at));
    }
    for text in &texts {
        evidence.add(text);
    }
    let species = evidence.species()?;
    Some((species, format!("its gene names are those of {species}")))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{check, check_with};
    use super::super::super::{Columns, ReadOptions};
    use crate::gene::Species;
    use insta::assert_snapshot;

    fn asked(species: Species) -> ReadOptions {
        ReadOptions { species: Some(species), ..ReadOptions::default() }
    }

    #[test]
    fn genes_are_found_whatever_their_columns_are_called() {
        let table = "junction_aa,v_gene,j_gene,count,locus\n\
            CASSYEQYF,TRBV9,TRBJ2-7,5,TRB\nCASSYEQYF,TRBV28,TRBJ2-7,7,TRB\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSYEQYF TRBV28 TRBJ2-7 7
        CASSYEQYF TRBV9 TRBJ2-7 5
        ");
        let table = "nSeqCDR3\tCDR3\tTRBV_gene\tTRBJ_gene\tcount\n\
            TGTGCCAGCAGCTATGAACAGTACTTC\tCASSYEQYF\tTRBV9\tTRBJ2-7\t5\n";
        assert_snapshot!(check(table), @r"
        mixcr case: 1 of 1 rows
        CASSYEQYF TRBV9 TRBJ2-7 5
        noted: translated 1
        ");
    }

    #[test]
    fn genes_of_two_chains_are_not_mixed() {
        let table = "junction_aa\tgene_a\tgene_b\nCASSYEQYF\tTRAV1-2\tTRBV9\n";
        assert_snapshot!(check(table), @"case.tsv:1: no row has a V gene, but columns `gene_a`, `gene_b` look like one, expected --column v_call=COLUMN to say which");
    }

    #[test]
    fn all_genes_lost_beside_columns_that_look_like_them_is_an_error() {
        let table = "junction_aa\tvGene\tcount\nCASSYEQYF\tBV6S2\t5\nCASSLYEQYF\tBV9S1\t5\n";
        assert_snapshot!(check(table), @"case.tsv:1: no row has a V gene, but columns `vGene` look like one, expected --column v_call=COLUMN to say which");
    }

    #[test]
    fn the_table_says_its_species() {
        let table = "amino_acid\ttemplates\tv_gene\tj_gene\tframe_type\tspecies\n\
            CASSYEQYF\t3\tTCRBV24-01\tTCRBJ02-07\tIn\tMouse\n";
        assert_snapshot!(check(table), @r"
        immunoseq case: 1 of 1 rows
        CASSYEQYF TRBV24 TRBJ2-7 3
        ");
        assert_snapshot!(check_with(table.as_bytes(), &asked(Species::Human)), @r#"case.tsv:1: these are genes of mouse: column `species` is "Mouse", expected another --species or none"#);
        let rat = table.replace("Mouse", "Rat");
        assert_snapshot!(check(&rat), @r#"
        immunoseq case: 1 of 1 rows
        CASSYEQYF TRBV24-1 TRBJ2-7 3
        said: the species "Rat" is not known: gene names are read as those of human
        "#);
        let mixed = format!("{table}CASSLYEQYF\t3\tTCRBV24-01\tTCRBJ02-07\tIn\tHuman\n");
        assert_snapshot!(check(&mixed), @r#"case.tsv:3: column `species` is "Human", expected mouse, the species of this table's genes: use one table per species"#);
        let same = format!("{table}CASSLYEQYF\t3\tTCRBV24-01\tTCRBJ02-07\tIn\tMus musculus\n");
        assert!(check(&same).starts_with("immunoseq case: 2 of 2 rows"));
    }

    #[test]
    fn a_species_that_is_stated_further_below_is_not_overlooked() {
        let header = "junction_aa\tv_call\tj_call\tduplicate_count\torganism_id\n";
        let row = "CASSYEQYF\tTRBV9\tTRBJ2-7\t3\t\n".repeat(600);
        let table = format!("{header}{row}CASSLYEQYF\tTRBV9\tTRBJ2-7\t3\tNCBITAXON:10090\n");
        let read = check(&table);
        assert!(
            read.contains(r#"column `organism_id` is "NCBITAXON:10090", expected human"#),
            "{read}"
        );
    }

    #[test]
    fn genes_in_columns_that_are_found_tell_the_species() {
        let table = "junction_aa\tv_gene\tj_gene\tcount\n\
            CASSYEQYF\tTRBV13-1\tTRBJ2-7\t5\nCASSLYEQYF\tTRBV31\tTRBJ2-7\t7\n";
        let read = check(table);
        assert!(read.contains("TRBV13-1") && read.contains("TRBV31 "), "{read}");
        // What is not known leaves it to the names.
        let stated = table.replace("count\n", "count\tspecies\n").replace("5\n", "5\tx1\n");
        let read = check(&stated.replace("7\n", "7\tx1\n"));
        assert!(read.contains("TRBV13-1") && read.contains("read as those of mouse"), "{read}");
    }

    #[test]
    fn gene_names_throughout_say_their_species() {
        let table = "junction_aa\tv_call\tj_call\tduplicate_count\n\
            CASSYEQYF\tTRBV13-2\tTRBJ2-7\t3\nCASSLYEQYF\tTRBV24\tTRBJ2-7\t3\n";
        assert_snapshot!(check(table), @r"
        airr case: 2 of 2 rows
        CASSLYEQYF TRBV24 TRBJ2-7 3
        CASSYEQYF TRBV13-2 TRBJ2-7 3
        said: its gene names are those of mouse
        ");
        assert_snapshot!(check_with(table.as_bytes(), &asked(Species::Human)), @"case.tsv:1: these are genes of mouse: its gene names are those of mouse, expected another --species or none");
    }

    #[test]
    fn a_column_may_be_named_for_a_known_format() {
        let table = "junction_aa\tv_call\tother\tduplicate_count\nCASSYEQYF\tTRBV9\tTRBV28\t3\n";
        let columns = Columns { v_call: Some("other".to_owned()), ..Columns::default() };
        let options = ReadOptions { columns: Some(columns), ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        airr case: 1 of 1 rows
        CASSYEQYF TRBV28 ? 3
        ");
    }
}
