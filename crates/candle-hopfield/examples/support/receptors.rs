//! Receptor sequences, made up or read, as rows of equal length.

use std::fs;
use std::path::Path;

use candle_core::{Error, Result, bail};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Residues by their codes.
pub(crate) const AMINO_ACIDS: &[u8; 20] = b"ACDEFGHIKLMNPQRSTVWY";
/// Code of a column without a residue.
pub(crate) const GAP: u32 = 20;
/// Code of a hidden residue.
pub(crate) const MASK: u32 = 21;
/// Columns of one chain.
const COLUMNS: usize = 16;

/// The ends of V and the starts of J genes between which a junction is made.
struct Chain {
    v: &'static [&'static str],
    j: &'static [&'static str],
}

const ALPHA: Chain = Chain {
    v: &["CAVR", "CAVSD", "CAAS", "CALSE", "CAMRE", "CIVRV", "CAET", "CAGQ"],
    j: &["YGQNFVF", "GSYIPTF", "TGNQFYF", "GNTPLVF", "DYKLSF", "TASKLTF", "NARLMF", "AGNKLTF"],
};
const BETA: Chain = Chain {
    v: &["CASSL", "CASSP", "CASSQ", "CASSY", "CAWSV", "CSARD", "CATSR", "CAISE"],
    j: &["NTEAFF", "NYGYTF", "GNTIYF", "NEKLFF", "NQPQHF", "YNEQFF", "NTGELFF", "TDTQYF"],
};

/// `n` receptors of two chains each. A chain ends as its V gene does, then come random residues, then its J
/// gene, both genes a little shortened; half of the receptors have a beta V gene that goes with the alpha one.
pub(crate) fn made_up(n: usize, seed: u64) -> Vec<Vec<u32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let gene = rng.random_range(0..ALPHA.v.len());
            let other = if rng.random_bool(0.5) { gene } else { rng.random_range(0..BETA.v.len()) };
            [aligned(&ALPHA.junction(gene, &mut rng)), aligned(&BETA.junction(other, &mut rng))]
                .concat()
        })
        .collect()
}

impl Chain {
    fn junction(&self, gene: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let v = codes(self.v[gene]);
        let j = codes(self.j.choose(rng).copied().unwrap_or_default());
        let v = &v[..v.len() - rng.random_range(0..2)];
        let j = &j[rng.random_range(0..3)..];
        // Glycine is what D genes have most of.
        let between = (0..rng.random_range(1..5))
            .map(|_| if rng.random_bool(0.3) { code(b'G') } else { rng.random_range(0..GAP) });
        v.iter().copied().chain(between).chain(j.iter().copied()).collect()
    }
}

fn codes(residues: &str) -> Vec<u32> {
    residues.bytes().map(code).collect()
}

/// Its place among the residues, or their number for another letter.
fn code(residue: u8) -> u32 {
    AMINO_ACIDS.iter().position(|one| *one == residue).unwrap_or(AMINO_ACIDS.len()) as u32
}

/// Both halves at the ends of the columns, as IMGT does, with gaps between them.
fn aligned(junction: &[u32]) -> Vec<u32> {
    let (left, right) = junction.split_at(junction.len().div_ceil(2));
    let gaps = vec![GAP; COLUMNS - junction.len()];
    [left, &gaps, right].concat()
}

/// Receptors of a file: a line each, its junctions (one a chain) between tabs. Longer ones than 16 residues are
/// left out.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<u32>>> {
    let mut rows: Vec<Vec<u32>> = Vec::new();
    let text = fs::read_to_string(path)
        .map_err(|err| Error::Msg(format!("cannot read {}: {err}", path.display())))?;
    for (number, line) in text.lines().enumerate() {
        let junctions: Vec<Vec<u32>> = line.split('\t').map(codes).collect();
        if junctions.iter().flatten().any(|code| *code == GAP) {
            return Err(Error::Msg(format!(
                "{}:{}: {line:?}, expected residues",
                path.display(),
                number + 1
            )));
        }
        if junctions.iter().all(|junction| junction.len() <= COLUMNS) {
            rows.push(junctions.iter().flat_map(|junction| aligned(junction)).collect());
        }
    }
    let width = rows.first().map_or(0, Vec::len);
    if rows.len() < 1000 || rows.iter().any(|row| row.len() != width) {
        bail!(
            "{}: {} receptors, expected at least 1,000, all with the same number of chains",
            path.display(),
            rows.len()
        );
    }
    Ok(rows)
}
