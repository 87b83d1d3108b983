//! Tables with several chains of a cell in one row, each in columns of its own: `CDR3_alpha` and
//! `TRBV_gene`, tcrdist's `cdr3_b_aa`, `VDJdb`'s `cdr3.alpha`, scirpy's `IR_VJ_1_junction_aa`, and others.
//!
//! A column name is split into words, and one of them is the chain. Each chain is read with its own genes,
//! as a separate row. A chain without a sequence is skipped.

use std::collections::BTreeMap;

use super::Format;
use super::columns::{ChainPlaces, Check, Layout};
use super::header::Header;
use crate::gene::Locus;

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Paired,
    // No header alone: the chains are found by the words of their names.
    signature: &[&[]],
    counts: &["umi_count", "umis", "count", "#count", "counts", "clone_size", "clones"],
    cell: &["cell_id", "barcode", "cell_barcode"],
    checks: &[("is_cell", Check::Cell)],
    ..Layout::NONE
};

/// Chain, and number where a cell may have several of one.
type Key = (Side, Option<char>);

/// What the name of a column calls a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Alpha,
    Beta,
    Gamma,
    Delta,
    Heavy,
    Light,
    /// scirpy and dandelion: alpha, gamma or light.
    Vj,
    /// scirpy and dandelion: beta, delta or heavy.
    Vdj,
}

impl Side {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "alpha" | "a" | "tra" | "tcra" => Self::Alpha,
            "beta" | "b" | "trb" | "tcrb" => Self::Beta,
            "gamma" | "g" | "trg" | "tcrg" => Self::Gamma,
            "delta" | "d" | "trd" | "tcrd" => Self::Delta,
            "heavy" | "h" | "igh" => Self::Heavy,
            "light" | "l" | "igkl" => Self::Light,
            "vj" => Self::Vj,
            "vdj" => Self::Vdj,
            _ => return None,
        })
    }

    fn locus(self) -> Option<Locus> {
        match self {
            Self::Alpha => Some(Locus::Tra),
            Self::Beta => Some(Locus::Trb),
            Self::Gamma => Some(Locus::Trg),
            Self::Delta => Some(Locus::Trd),
            Self::Heavy => Some(Locus::Igh),
            Self::Light | Self::Vj | Self::Vdj => None,
        }
    }
}

/// What a column says of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// All of these tools call the junction a CDR3.
    Junction,
    Nucleotides,
    V,
    J,
}

/// The chains of a row that have a sequence; fewer than two mean that this is not a table of pairs.
pub(super) fn chains(header: &Header) -> Vec<ChainPlaces> {
    let mut chains: BTreeMap<Key, ChainPlaces> = BTreeMap::new();
    for (at, name) in header.names.iter().enumerate() {
        let Some((key, role)) = parse(name) else { continue };
        let chain = chains.entry(key).or_default();
        chain.locus = key.0.locus();
        match role {
            Role::Junction => chain.junction_aa.push(at),
            Role::Nucleotides => chain.junction.push(at),
            Role::V => chain.v_call.push(at),
            Role::J => chain.j_call.push(at),
        }
    }
    chains.into_values().filter(ChainPlaces::has_sequence).collect()
}

/// The chain and the role of a column, by the words of its name.
fn parse(name: &str) -> Option<(Key, Role)> {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.flat_map(apart).collect();
    let (mut side, mut number, mut role, mut nucleotides) = (None, None, None, false);
    for word in words {
        match word {
            "cdr3" | "junction" => role = role.or(Some(Role::Junction)),
            "v" => role = role.or(Some(Role::V)),
            "j" => role = role.or(Some(Role::J)),
            "nt" | "nuc" | "nucseq" | "dna" => nucleotides = true,
            "aa" | "seq" | "sequence" | "amino" | "acid" | "gene" | "call" | "segment"
            | "region" | "name" | "ir" | "chain" => {}
            "1" | "2" => number = word.chars().next(),
            other => side = Some(Side::of(other).filter(|_| side.is_none())?),
        }
    }
    let role = match role? {
        Role::Junction if nucleotides => Role::Nucleotides,
        role => role,
    };
    Some(((side?, number), role))
}

/// Words that are two: `trbv` is a chain and a segment.
fn apart(word: &str) -> Vec<&str> {
    let segments = ["v", "j"];
    let is_segment = |part: &&str| segments.contains(part);
    if let Some((chain, segment)) = word.split_at_checked(3)
        && Side::of(chain).is_some()
        && is_segment(&segment)
    {
        return vec![chain, segment];
    }
    if let Some((segment, chain)) = word.split_at_checked(1)
        && is_segment(&segment)
        && matches!(chain, "a" | "b" | "alpha" | "beta" | "gamma" | "delta")
    {
        return vec![segment, chain];
    }
    match word.strip_prefix("cdr3") {
        Some(rest @ ("a" | "b" | "g" | "d" | "aa" | "nt" | "alpha" | "beta")) => vec!["cdr3", rest],
        _ => vec![word],
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReadOptions;
    use super::super::testing::{check, check_with};
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn each_chain_has_its_own_genes() {
        let table = "count\tCDR3_alpha\tTRAV_gene\tTRAJ_gene\tCDR3_beta\tTRBV_gene\tTRBJ_gene\n\
            5\tCAVMDSNYQLIW\tTRAV1-2\tTRAJ33\tCASSYEQYF\tTRBV9\tTRBJ2-7\n\
            2\tCAVLDSNYQLIW\tTRAV1-2\tTRAJ33\tCASSLYEQYF\t\t\n\
            3\tCAVLLSNYQLIW\tTRAV1-2\tTRAJ33\t\t\t\n3\t\tTRAV1-2\t\t\t\t\n";
        assert_snapshot!(check(table), @r"
        paired case: 5 of 6 rows
        CASSLYEQYF ? ? 2
        CASSYEQYF TRBV9 TRBJ2-7 5
        CAVLDSNYQLIW TRAV1-2 TRAJ33 2
        CAVLLSNYQLIW TRAV1-2 TRAJ33 3
        CAVMDSNYQLIW TRAV1-2 TRAJ33 5
        dropped: missing junction 1
        ");
        let options = ReadOptions { loci: vec![Locus::Trb], ..ReadOptions::default() };
        assert_snapshot!(check_with(table.as_bytes(), &options), @r"
        paired case: 2 of 6 rows
        CASSLYEQYF ? ? 2
        CASSYEQYF TRBV9 TRBJ2-7 5
        dropped: other locus 3
        dropped: missing junction 1
        ");
    }

    #[test]
    fn every_tool_names_its_chains_in_its_own_way() {
        let headers = [
            "count,v_a_gene,j_a_gene,cdr3_a_aa,v_b_gene,j_b_gene,cdr3_b_aa", // tcrdist
            "count,v.alpha,j.alpha,cdr3.alpha,v.beta,j.beta,cdr3.beta",      // VDJdb
            "count,TRAV,TRAJ,CDR3.alpha.aa,TRBV,TRBJ,CDR3.beta.aa",          // McPAS
            "count,v_call_VJ,j_call_VJ,junction_aa_VJ,v_call_VDJ,j_call_VDJ,junction_aa_VDJ", // dandelion
            "count,IR_VJ_1_v_call,IR_VJ_1_j_call,IR_VJ_1_junction_aa,IR_VDJ_1_v_call,IR_VDJ_1_j_call,IR_VDJ_1_junction_aa", // scirpy
            "count,va,ja,cdr3a,vb,jb,cdr3b",
            "count,TRA_v,TRA_j,TRA_cdr3,TRB_v,TRB_j,TRB_cdr3",
        ];
        for header in headers {
            let row = "3,TRAV1-2,TRAJ33,CAVMDSNYQLIW,TRBV9,TRBJ2-7,CASSYEQYF";
            let text = check(&format!("{header}\n{row}\n"));
            let expected = "paired case: 2 of 2 rows\nCASSYEQYF TRBV9 TRBJ2-7 3\n\
                CAVMDSNYQLIW TRAV1-2 TRAJ33 3";
            assert!(text.starts_with(expected), "{header}: {text}");
        }
    }

    #[test]
    fn one_chain_is_no_pair() {
        for name in
            ["cdr3aa", "junction_aa", "cdr3_aa", "v_gene", "d_gene", "vj_in_frame", "CDR3.nt"]
        {
            assert_eq!(parse(name), None, "{name}");
        }
        let table = "count\tCDR3_beta\tTRAV_gene\tTRBV_gene\tTRBJ_gene\n\
            2\tCASSYEQYF\tTRAV1-2\t\tTRBJ2-7\n1\tCASSLYEQYF\tTRAV1-2\tTRBV9\tTRBJ2-7\n";
        assert_snapshot!(check(table), @r"
        vdjtools case: 2 of 2 rows
        CASSLYEQYF TRBV9 TRBJ2-7 1
        CASSYEQYF ? TRBJ2-7 2
        ");
    }

    #[test]
    fn chains_joined_in_one_field_are_refused() {
        let table = "Clones\tCDR3.nt\tCDR3.aa\tV.name\tJ.name\n\
            2\tTGT\tCAVMDSNYQLIW;CASSYEQYF\tTRAV1-2;TRBV9\tTRAJ33;TRBJ2-7\n";
        assert_snapshot!(check(table), @r#"case.tsv:2: column `CDR3.aa` is "CAVMDSNYQLIW;CASSYEQYF", expected one chain per field (several are joined here: use the table of contigs, or one column per chain)"#);
    }
}
