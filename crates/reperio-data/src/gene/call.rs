//! Gene columns: one name in a field, or a list of them.

use super::imgt::{Call, STARTS, single};
use super::locus::Species;

/// Reads a gene column: one name or a list of them, best first.
///
/// ```
/// use reperio_data::gene::{Species, normalise};
///
/// assert_eq!(normalise("TCRBV28-01", Species::Human).gene, "TRBV28");
/// assert_eq!(normalise("TCRBV24-01", Species::Human).gene, "TRBV24-1");
/// assert_eq!(normalise("TCRBV24-01", Species::Mouse).gene, "TRBV24");
/// assert_eq!(normalise("TCRBV06", Species::Human).gene, "TRBV6");
/// assert!(normalise("TRBV12-4*01, TRBV12-3*01", Species::Human).tie);
/// ```
pub fn normalise(text: &str, species: Species) -> Call {
    let plain = plain_ascii(text);
    let text = plain.as_deref().unwrap_or(text);
    let mut best = Call::default();
    let mut best_score = None;
    for candidate in candidates(text) {
        let (name, score) = split_score(candidate.trim());
        // MiXCR lists worse hits behind the best: only an equal score is a tie.
        if !best.gene.is_empty() && score != best_score {
            continue;
        }
        let call = single(name, species);
        let says_less = call.family_only && !best.family_only && !best.gene.is_empty();
        if call.gene.is_empty() || says_less {
            continue;
        }
        let says_more = best.family_only && !call.family_only;
        if best.gene.is_empty() || says_more {
            best_score = score;
            best = call;
        } else if call.gene != best.gene {
            best.tie = true;
        }
    }
    best
}

/// The parts of a list: they are divided by commas, semicolons, bars and `or`, and otherwise each begins with its gene
/// (`TRBV6-2 OR TRBV6-3`, `TRBV6-2 / TRBV6-3`).
fn candidates(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for part in text.split([',', ';', '|']).flat_map(|part| part.split(" or ")) {
        let (mut from, mut is_named) = (0, begins_as_gene(part));
        for (at, blank) in part.match_indices(char::is_whitespace) {
            let word = at + blank.len();
            let is_gene = begins_as_gene(&part[word..]);
            if is_gene && is_named {
                all.push(&part[from..word]);
                from = word;
            }
            is_named |= is_gene;
        }
        all.push(&part[from..]);
    }
    all
}

/// Whether a text begins with a word that may be a gene.
fn begins_as_gene(text: &str) -> bool {
    let text = text.trim_start_matches('/');
    let text = text.strip_prefix(['h', 'H', 'm', 'M']).unwrap_or(text);
    let start = text.get(..2).unwrap_or_default();
    STARTS.iter().any(|known| start.eq_ignore_ascii_case(known))
}

/// The text with the hyphens and blanks of a spreadsheet program as ASCII has them; nothing if it is ASCII.
fn plain_ascii(text: &str) -> Option<String> {
    let plain = |c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2007}' | '\u{202f}' => ' ',
        other => other,
    };
    (!text.is_ascii()).then(|| text.chars().map(plain).collect())
}

/// `TRBV13*00(401.5)` as name and score; another word in brackets is not a score.
fn split_score(candidate: &str) -> (&str, Option<&str>) {
    let Some((name, rest)) = candidate.split_once('(') else { return (candidate, None) };
    match rest.strip_suffix(')') {
        Some(score) if score.parse::<f64>().is_ok() => (name, Some(score)),
        _ => (candidate, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_tidytcells() {
        let mut checked = 0;
        for line in include_str!("cases.tsv").lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split('\t').collect();
            let [written, species, expected] = fields[..] else { panic!("{line}") };
            let call = normalise(written, species.parse().unwrap());
            assert_eq!((call.gene.as_str(), call.tie), (expected, false), "{written} ({species})");
            checked += 1;
        }
        assert!(checked > 100);
    }

    /// Where `tidytcells` takes another way, and what other tools write that it does not read.
    #[test]
    fn names_of_other_kinds() {
        let human = [
            ("TCRBV06", "TRBV6"), // A family of several genes is none of them (tidytcells: TRBV6-1).
            ("TCRBV06*01", "TRBV6"),
            ("TRBJ2", "TRBJ2"),
            ("TCRBV06-X", "TRBV6"), // Adaptive's words for an unknown member.
            ("TCRBV06-unresolved", "TRBV6"),
            ("TCRBJ02-X", "TRBJ2"),
            ("TCRBV28-X", "TRBV28"), // A family of one gene is that gene.
            ("TCRBV24-X", "TRBV24-1"),
            ("TCRBV24", "TRBV24-1"),
            ("TCRBV28", "TRBV28"),
            ("TRBV-X", ""),
            ("TCRBV06-or09-02", "TRBV6/OR9-2"),
            ("TCRAV14-01", "TRAV14/DV4"), // Adaptive's name for it (tidytcells: the orphon TRAV14-1).
            ("TCRBV20-or09_02", "TRBV20/OR9-2"),
            ("TRBV13*00(401.5)", "TRBV13"),
            ("Homsap IGHV2-26*01 F", "IGHV2-26"),
            ("Homsap TRBV6-5*01 (F)", "TRBV6-5"),
            ("unresolved", ""),
            ("", ""),
            ("None", ""),
            ("TRB", ""),
            ("TRBV", ""),
            ("TRBD1", ""), // No V or J gene.
            ("TRBV6-2<script>", ""),
            ("\u{130}TRBV9", ""),
            ("hTRBV28", "TRBV28"), // iRepertoire.
            ("hTRBJ02-7", "TRBJ2-7"),
            ("mTRBV13-2", "TRBV13-2"),
            ("TCRAV7S2", ""), // Arden's names.
            ("TCRBV6S2A1T", ""),
            ("TRBV99-1", ""),              // Beyond IMGT's families.
            ("TRBV31", ""),                // A gene of the mouse.
            ("TRBV6\u{2011}2", "TRBV6-2"), // A spreadsheet's hyphen and blank.
            ("\u{a0}TRBV9", "TRBV9"),
            ("TRBV6\u{e9}-2", ""),
            ("TRBV\u{3b1}", ""),
            ("M13429|TRBV9*01|Homo", "TRBV9"), // CATT.
            ("IGHV(III)-2-1", "IGHV(III)-2-1"),
            ("IGHV3-NL1", "IGHV3-NL1"),
            ("IGHV1-69D", "IGHV1-69D"),
            ("IGHV3-30-3", "IGHV3-30-3"),
            ("IGHV1/OR15-1", "IGHV1/OR15-1"),
            ("IGKV1/OR-2", "IGKV1/OR-2"),
            ("IGHV03-h", "IGHV3-H"),
            ("IGKV1D-39", "IGKV1D-39"),
            ("TRAV14/DV4", "TRAV14/DV4"),
            ("TRBJ2-2P", "TRBJ2-2P"),
            ("TRGV5P", "TRGV5P"),
            ("TCRGJP-01", "TRGJP"), // immunoSEQ gives each gene a member.
            ("TCRGJP1-01", "TRGJP1"),
            ("TCRGJP2-01", "TRGJP2"),
            ("TCRGVA-01", "TRGVA"),
            ("TCRGV05P-01", "TRGV5P"),
            ("TCRBVA-or09_02", "TRBVA/OR9-2"),
        ];
        for (written, expected) in human {
            assert_eq!(normalise(written, Species::Human).gene, expected, "{written:?}");
        }
        for (written, expected) in [("TCRBV13", "TRBV13"), ("Musmus TRBV24*01 F", "TRBV24")] {
            assert_eq!(normalise(written, Species::Mouse).gene, expected, "{written:?}");
        }
        assert_eq!(normalise("Musmus TRBV24*01 F", Species::Human).gene, "TRBV24");
    }

    #[test]
    fn what_only_begins_as_a_gene_is_none() {
        for text in [
            "TRBV-X-X",
            "TRBVXX",
            "TRAJ14-1-X-1",
            "TRAV12-1TRBV9",
            "TRBV9(380) G",
            "TRBV9)",
            "TRBV(",
            "TRBV6-2ABC",
            "TRBV6--2",
            "TRBV6-2-",
            "TRBV6-",
            "TRBVX",
            "IGHV3-",
            "TCRBV05-FBD",
            "TRBV9_TRBJ2-7", // A V and a J gene.
            "TRBV20/OR9-",
        ] {
            assert_eq!(normalise(text, Species::Human).gene, "", "{text}");
        }
        assert_eq!(normalise("TRBV6-X-X", Species::Human).gene, "TRBV6");
        assert_eq!(normalise("TRBVA", Species::Human).gene, "TRBVA");
        assert_eq!(normalise("IGKV(II)-44-1", Species::Human).gene, "IGKV(II)-44-1");
    }

    #[test]
    fn the_first_of_several_genes_is_taken() {
        let cases = [
            ("TRBV12-4, TRBV12-3", "TRBV12-4", true),       // VDJtools.
            ("IGHV1-69*01,IGHV1-69D*01", "IGHV1-69", true), // AIRR.
            ("TRBV6-2*01,TRBV6-2*02", "TRBV6-2", false),    // Two alleles are one gene.
            ("TCRBV06-02/06-03*01", "TRBV6-2", true),       // immunoSEQ.
            ("TRBV13*00(401.5),TRBV14*00(380)", "TRBV13", false), // MiXCR: the second is worse.
            ("TRBV6-2*00(401.5),TRBV6-3*00(401.5)", "TRBV6-2", true),
            ("Homsap IGHV4-4*02 F, or Homsap IGHV4-59*01 F", "IGHV4-4", true), // IMGT.
            ("TCRBV06,TCRBV05-01", "TRBV5-1", false), // The first that is a gene.
            ("TRBV12-3/TRBV12-4", "TRBV12-3", true),
            ("TRBV12-3/-4", "TRBV12-3", true),
            ("TRBV6-2_TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2-TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2*01/TRBV6-2*02", "TRBV6-2", false),
            ("TRBV6-2 or TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2 OR TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2 TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2 / TRBV6-3", "TRBV6-2", true),
            ("TRBV6-2/ TRBV6-3 /TRBV6-4", "TRBV6-2", true),
            ("hTRBV6-2 hTRBV6-3", "TRBV6-2", true),
            ("TRBV6-2*01 TRBV6-2*02", "TRBV6-2", false),
            ("TCRBV06 OR TCRBV05-01", "TRBV5-1", false),
            ("TRAV29/DV5 OR TRAV14/DV4", "TRAV29/DV5", true),
            ("IGHV1/OR15-1 IGHV1-2", "IGHV1/OR15-1", true),
            ("TRAV29/DV5", "TRAV29/DV5", false),
            ("TRB TRBV9", "TRBV9", false),
        ];
        for (written, gene, tie) in cases {
            let expected = Call { gene: gene.to_owned(), tie, family_only: false };
            assert_eq!(normalise(written, Species::Human), expected, "{written:?}");
        }
    }

    #[test]
    fn a_family_is_taken_where_there_is_no_gene() {
        let cases = [
            ("TCRBV06", "TRBV6", false, true),
            ("TCRBV06,TCRBV06", "TRBV6", false, true),
            ("TCRBV06,TCRBV05", "TRBV6", true, true),
            ("TCRBV06/TCRBV05", "TRBV6", true, true),
            ("unresolved,TCRBV06", "TRBV6", false, true),
            ("TCRBV06,TCRBV05,TCRBV06-02", "TRBV6-2", false, false), // Families are no ties of a gene.
            ("TCRBV06-02,TCRBV05", "TRBV6-2", false, false),
            ("TCRBV06,TCRBV28", "TRBV28", false, false), // A family of one gene is a gene.
            ("TRBV6*00(401.5),TRBV5-1*00(380)", "TRBV6", false, true), // MiXCR: the gene is worse.
        ];
        for (written, gene, tie, family_only) in cases {
            let expected = Call { gene: gene.to_owned(), tie, family_only };
            assert_eq!(normalise(written, Species::Human), expected, "{written:?}");
        }
        assert!(normalise("TCRBV13", Species::Mouse).family_only);
        assert!(!normalise("TCRBV06", Species::Mouse).family_only);
    }
}
