//! The columns of each database.
//!
//! Names are compared in lower case and without separators: `MHC A` and `mhc.a` are the same name. Of several columns, the
//! first one with a value in the row is used.

use super::entry::Database;
use crate::gene::Locus;
use crate::table::plain;

/// Names of the columns of one chain of a receptor.
struct ChainNames {
    /// Chain that the names of the columns say.
    locus: Option<Locus>,
    /// Columns that say it otherwise.
    chain: &'static [&'static str],
    cdr3: &'static [&'static str],
    v: &'static [&'static str],
    j: &'static [&'static str],
    species: &'static [&'static str],
}

/// One form of the exports of a database.
struct Layout {
    database: Database,
    /// The header has one of each.
    needs: &'static [&'static [&'static str]],
    chains: &'static [ChainNames],
    epitope: &'static [&'static str],
    antigen: &'static [&'static str],
    antigen_species: &'static [&'static str],
    /// All that have a value are used.
    mhc: &'static [&'static str],
    score: &'static [&'static str],
}

const NONE: ChainNames =
    ChainNames { locus: None, chain: &[], cdr3: &[], v: &[], j: &[], species: &[] };

const LAYOUTS: [Layout; 4] = [
    // `vdjdb_full.txt`: both chains of a receptor in a row.
    Layout {
        database: Database::Vdjdb,
        needs: &[&["cdr3alpha", "cdr3beta"], &["antigenepitope"]],
        chains: &[
            ChainNames {
                locus: Some(Locus::Tra),
                cdr3: &["cdr3alpha"],
                v: &["valpha"],
                j: &["jalpha"],
                species: &["species"],
                ..NONE
            },
            ChainNames {
                locus: Some(Locus::Trb),
                cdr3: &["cdr3beta"],
                v: &["vbeta"],
                j: &["jbeta"],
                species: &["species"],
                ..NONE
            },
        ],
        epitope: &["antigenepitope"],
        antigen: &["antigengene"],
        antigen_species: &["antigenspecies"],
        mhc: &["mhca", "mhcb"],
        score: &["vdjdbscore"],
    },
    // `vdjdb.txt`, `vdjdb.slim.txt` and what the web page exports.
    Layout {
        database: Database::Vdjdb,
        needs: &[&["cdr3"], &["v", "vsegm"], &["epitope", "antigenepitope"], &["gene"]],
        chains: &[ChainNames {
            chain: &["gene"],
            cdr3: &["cdr3"],
            v: &["v", "vsegm"],
            j: &["j", "jsegm"],
            species: &["species"],
            ..NONE
        }],
        epitope: &["epitope", "antigenepitope"],
        antigen: &["epitopegene", "antigengene"],
        antigen_species: &["epitopespecies", "antigenspecies"],
        mhc: &["mhca", "mhcb"],
        score: &["score", "vdjdbscore"],
    },
    Layout {
        database: Database::Mcpas,
        needs: &[&["cdr3alphaaa", "cdr3betaaa"], &["pathology", "epitopepeptide"]],
        chains: &[
            ChainNames {
                locus: Some(Locus::Tra),
                cdr3: &["cdr3alphaaa"],
                v: &["trav"],
                j: &["traj"],
                species: &["species"],
                ..NONE
            },
            ChainNames {
                locus: Some(Locus::Trb),
                cdr3: &["cdr3betaaa"],
                v: &["trbv"],
                j: &["trbj"],
                species: &["species"],
                ..NONE
            },
        ],
        epitope: &["epitopepeptide"],
        antigen: &["antigenprotein"],
        antigen_species: &["pathology", "category"],
        mhc: &["mhc"],
        score: &[],
    },
    // With one row of names, or with two, which are joined before they are compared.
    Layout {
        database: Database::Iedb,
        needs: &[
            &[
                "chain1cdr3calculated",
                "chain1cdr3curated",
                "chain2cdr3calculated",
                "chain2cdr3curated",
            ],
            &["epitopename", "description"],
        ],
        chains: &[
            ChainNames {
                chain: &["chain1type"],
                cdr3: &["chain1cdr3calculated", "chain1cdr3curated"],
                v: &[
                    "chain1calculatedvgene",
                    "chain1curatedvgene",
                    "calculatedchain1vgene",
                    "curatedchain1vgene",
                ],
                j: &[
                    "chain1calculatedjgene",
                    "chain1curatedjgene",
                    "calculatedchain1jgene",
                    "curatedchain1jgene",
                ],
                species: &["chain1organismiri", "chain1species"],
                ..NONE
            },
            ChainNames {
                chain: &["chain2type"],
                cdr3: &["chain2cdr3calculated", "chain2cdr3curated"],
                v: &[
                    "chain2calculatedvgene",
                    "chain2curatedvgene",
                    "calculatedchain2vgene",
                    "curatedchain2vgene",
                ],
                j: &[
                    "chain2calculatedjgene",
                    "chain2curatedjgene",
                    "calculatedchain2jgene",
                    "curatedchain2jgene",
                ],
                species: &["chain2organismiri", "chain2species"],
                ..NONE
            },
        ],
        epitope: &["epitopename", "description"],
        antigen: &["epitopesourcemolecule", "antigen"],
        antigen_species: &["epitopesourceorganism", "organism"],
        mhc: &["assaymhcallelenames", "mhcallelenames"],
        score: &[],
    },
];

/// Where a chain's values are.
#[derive(Debug)]
pub(super) struct ChainPlaces {
    pub(super) locus: Option<Locus>,
    pub(super) chain: Vec<usize>,
    pub(super) cdr3: Vec<usize>,
    pub(super) v: Vec<usize>,
    pub(super) j: Vec<usize>,
    pub(super) species: Vec<usize>,
}

/// Where the values of a row are.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) database: Database,
    pub(super) chains: Vec<ChainPlaces>,
    pub(super) epitope: Vec<usize>,
    pub(super) antigen: Vec<usize>,
    pub(super) antigen_species: Vec<usize>,
    pub(super) mhc: Vec<usize>,
    pub(super) score: Vec<usize>,
}

impl Places {
    /// Those of the database whose columns `names` are; nothing if there is none.
    pub(super) fn of(names: &[String]) -> Option<Self> {
        let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let place = |wanted: &&str| names.iter().position(|name| name == wanted);
        let all = |wanted: &[&str]| wanted.iter().filter_map(place).collect::<Vec<usize>>();
        let has = |wanted: &&[&str]| wanted.iter().any(|name| place(name).is_some());
        let layout = LAYOUTS.iter().find(|layout| layout.needs.iter().all(has))?;
        let chain = |own: &ChainNames| ChainPlaces {
            locus: own.locus,
            chain: all(own.chain),
            cdr3: all(own.cdr3),
            v: all(own.v),
            j: all(own.j),
            species: all(own.species),
        };
        Some(Self {
            database: layout.database,
            chains: layout.chains.iter().map(chain).collect(),
            epitope: all(layout.epitope),
            antigen: all(layout.antigen),
            antigen_species: all(layout.antigen_species),
            mhc: all(layout.mhc),
            score: all(layout.score),
        })
    }
}

/// Whether a header has a second row of names: the first one, as the IEDB writes it, names groups of columns.
pub(super) fn needs_second(names: &[String]) -> bool {
    let groups = ["receptor", "epitope", "chain1", "chain2"];
    let is_group = |group: &&str| names.iter().any(|name| plain(name) == **group);
    groups.iter().filter(|group| is_group(group)).count() > 2
}
