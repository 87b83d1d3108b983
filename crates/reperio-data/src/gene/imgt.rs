//! One name of a gene, in the manner of any tool, as IMGT writes it.

use super::families::Families;
use super::locus::{Locus, Species};

/// What a gene column says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// IMGT gene or family, "" if unknown.
    pub gene: String,
    /// Whether other genes fit equally well.
    pub tie: bool,
    /// Whether `gene` is a family of several genes.
    pub family_only: bool,
}

/// What begins a gene's name in upper case.
pub(super) const STARTS: [&str; 3] = ["TR", "TC", "IG"];

/// Reads one name, which may still join two genes (`TCRBV06-02/06-03*01`, `TRBV6-2_TRBV6-3`).
pub(super) fn single(text: &str, species: Species) -> Call {
    // IMGT/HighV-QUEST writes `Homsap IGHV2-26*01 F` and `or Homsap ...`.
    let species = if text.contains("Musmus") { Species::Mouse } else { species };
    let words = text.split_whitespace().map(|word| word.trim_matches('/').to_ascii_uppercase());
    let Some((name, species)) = words.into_iter().find_map(|word| gene_word(word, species)) else {
        return Call::default();
    };
    let mut parts = joined_genes(&name).into_iter().map(|part| one_of_joined(part, species));
    let mut best = parts.next().unwrap_or_default();
    for other in parts {
        // A V gene and a J gene in one field are not the same column's.
        let segment = |call: &Call| call.gene.get(..4).map(str::to_owned);
        if !other.gene.is_empty() && segment(&other) != segment(&best) {
            return Call::default();
        }
        best.tie |= !best.gene.is_empty() && other.gene != best.gene;
    }
    best
}

/// The genes that a name joins, each with its prefix: `TRBV6-2_TRBV6-3`, `TRBV6-2/TRBV6-3`.
fn joined_genes(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in name.match_indices(['/', '_', '-']) {
        if STARTS.iter().any(|start| name[at + 1..].starts_with(start)) {
            parts.push(&name[from..at]);
            from = at + 1;
        }
    }
    parts.push(&name[from..]);
    parts
}

/// Reads a name behind whose slash a second member may stand without its prefix (`06-02/06-03`, `12-3/-4`).
fn one_of_joined(name: &str, species: Species) -> Call {
    let gene = name.split('*').next().unwrap_or_default();
    // A slash is part of the name in TRAV23/DV6 and TRBV20/OR9-2.
    let joins = |&(at, _): &(usize, &str)| {
        let rest = &gene[at + 1..];
        rest.strip_prefix('-').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit())
    };
    let cut = gene.match_indices('/').find(joins);
    let first = cut.map_or(gene, |(at, _)| &gene[..at]);
    let call = imgt(first, species).unwrap_or_default();
    Call { tie: cut.is_some() && !call.gene.is_empty(), ..call }
}

/// A word that begins as the name of a gene does; iRepertoire puts `h` or `m` for the species before it.
fn gene_word(word: String, species: Species) -> Option<(String, Species)> {
    let begins = |word: &str| STARTS.iter().any(|start| word.starts_with(start));
    if begins(&word) {
        return Some((word, species));
    }
    let species = if word.starts_with('H') { Species::Human } else { Species::Mouse };
    let rest = word.strip_prefix(['H', 'M']).filter(|rest| begins(rest))?;
    Some((rest.to_owned(), species))
}

/// What Adaptive writes for a member that it does not know.
const NO_MEMBER: [&str; 2] = ["-X", "-UNRESOLVED"];

/// The IMGT name of a gene or family written in upper case in the manner of any tool, without its allele.
/// What IMGT has no such name for is nothing: another nomenclature (Arden's `TCRAV7S2`), another species.
fn imgt(name: &str, species: Species) -> Option<Call> {
    if !name.is_ascii() {
        return None;
    }
    let rest = name.strip_prefix("TCR").or_else(|| name.strip_prefix("TR"));
    let (prefix, rest) = match rest {
        Some(rest) => ("TR", rest),
        None => ("IG", name.strip_prefix("IG")?),
    };
    let locus = format!("{prefix}{}", rest.get(..1)?).parse::<Locus>().ok()?;
    let segment = rest.get(1..2).filter(|segment| matches!(*segment, "V" | "J"))?;
    let segment = format!("{}{segment}", locus.name());
    let number = tidy_number(rest.get(2..)?);
    let mut number = number.as_str();
    while let Some(family) = NO_MEMBER.iter().find_map(|end| number.strip_suffix(end)) {
        number = family;
    }
    if number.len() > 16 || !is_well_formed(number) {
        return None;
    }
    let families = Families::of(species);
    if is_arden(number) || !families.reach(&segment, number) {
        return None;
    }
    let number = families.complete(&segment, number);
    let family_only = families.has_several(&segment, &number);
    Some(Call { gene: segment + &number, tie: false, family_only })
}

/// Whether something can be the number of a gene: a family, its members and what IMGT adds behind a slash (`6-2`,
/// `3-NL1`, `4-38-2`, `14D-3/DV8`, `(II)-44-1`, `A`, `P1`); no word (`TRBVX-X`), no second gene (`TRAV12-1TRBV9`), no
/// score (`9(380)`), no name that is cut (`6-`).
fn is_well_formed(number: &str) -> bool {
    let (base, mark) = number.split_once('/').map_or((number, None), |(base, m)| (base, Some(m)));
    let mut parts = base.split('-');
    let known = parts.next().is_some_and(is_family_number) && parts.all(is_member);
    known && !number.contains('X') && mark.is_none_or(is_mark)
}

/// Digits and at most one letter (`6`, `1D`), a letter and its digits (`A`, `P1`), or a clan (`(II)`, `II`).
fn is_family_number(part: &str) -> bool {
    let inner = part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let clan = inner.unwrap_or(part);
    let is_clan = (1..=4).contains(&clan.len()) && clan.chars().all(|c| "IV".contains(c));
    let digits = part.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(part);
    let lettered = digits.len() < part.len() && digits.chars().all(|c| c.is_ascii_digit());
    is_clan || lettered || is_numbered(part)
}

/// A number, a number and a letter, `NL` (not localised) and a number, or the letter of a provisional name (`IGHV3-h`).
fn is_member(part: &str) -> bool {
    let provisional = part.len() == 1 && part.chars().all(|c| c.is_ascii_uppercase());
    provisional || is_numbered(part.strip_prefix("NL").unwrap_or(part))
}

fn is_numbered(part: &str) -> bool {
    let digits = part.strip_suffix(|c: char| c.is_ascii_uppercase()).unwrap_or(part);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// The part behind the slash of a delta gene or of an orphon: `DV4`, `OR9-2`, `DV6D-1`, `OR-2`.
fn is_mark(mark: &str) -> bool {
    let rest = mark.strip_prefix("DV").or_else(|| mark.strip_prefix("OR"));
    let known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.ends_with('-') && !rest.contains("--") && rest.chars().all(known)
    })
}

/// Whether a number is of Arden's nomenclature: `7S2` is the second member of family 7 there, and not of IMGT's.
fn is_arden(number: &str) -> bool {
    let mut parts = number.split('S');
    let before = parts.next().unwrap_or_default();
    let ends = before.ends_with(|c: char| c.is_ascii_digit());
    ends && parts.next().is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

/// Takes Adaptive's zeros away (`06-02`, `20-OR09_02`) and gives `DV` and `OR` their slash.
fn tidy_number(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 1);
    let raw = raw.replace('_', "-");
    for (at, c) in raw.char_indices() {
        let after_digit = out.ends_with(|last: char| last.is_ascii_digit());
        let more_digits = raw[at + 1..].starts_with(|next: char| next.is_ascii_digit());
        if c == '0' && !after_digit && more_digits {
            continue;
        }
        out.push(c);
    }
    for mark in ["DV", "OR"] {
        if let Some(at) = out.find(mark).filter(|&at| at > 0) {
            let base = out[..at].trim_end_matches(['-', '/']).to_owned();
            out = format!("{base}/{}", &out[at..]);
        }
    }
    out
}
