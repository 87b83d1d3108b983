//! Seeds that no hand can write: compressed tables, Parquet, models. `tests/replay.rs` holds each target to what the
//! library writes today, and says how the committed ones are made again.

use polars::prelude::{Column, DataFrame, ParquetCompression, ParquetWriter};
use reperio_data::generator::{FitOptions, Generator};

use crate::training::repertoire;
use crate::{checkpoint, compressed, models, scratch, stores};

/// A seed: the target, the name of the file, its content.
pub type Seed = (&'static str, String, Vec<u8>);

/// All binary seeds.
///
/// # Panics
///
/// Never: they are made of fixed small data.
pub fn all() -> Vec<Seed> {
    let mut all = Vec::new();
    for (target, name, bytes) in stores::seeds() {
        all.push((target, name.to_owned(), bytes));
    }
    for (way, name) in compressed::WAYS {
        let bytes = compressed::compress_by(way, TABLE.as_bytes()).expect("a known way");
        all.push(("compressed", name.to_owned(), bytes));
        let named = [&[way], TABLE.as_bytes()].concat();
        all.push(("recompressed", name.to_owned(), named));
    }
    for (name, bytes) in models::seeds() {
        let described = name.replace("safetensors", "json");
        all.push(("model-description", described, models::described(&bytes)));
        all.push(("model", name.to_owned(), bytes));
    }
    all.push(("checkpoint", "first-epoch.safetensors".to_owned(), checkpoint::seed()));
    all.push(("generator", "small.json".to_owned(), generator()));
    all.extend(frames());
    all
}

const TABLE: &str = "junction_aa\tv_call\tj_call\tduplicate_count
CASSLGTDTQYF\tTRBV9*01\tTRBJ2-3*01\t3
CASSYEAFF\tTRBV6-2\tTRBJ1-1\t1
CASS*EAFF\tTRBV6-2\tTRBJ1-1\t1
";

/// A generator of a few clonotypes, as JSON.
fn generator() -> Vec<u8> {
    let few = repertoire("r", &["CASSLGF", "CASSYEF", "CASWNDF", "CAYSETQ"]);
    let options = FitOptions { min_length: 7, max_length: 8, min_gene_share: 0.0 };
    let generator = Generator::fit(&[&few], &options).expect("a few clonotypes");
    let path = scratch::file("seed.json.gz", b"");
    generator.save(&path).expect("a generator can be written");
    let bytes = std::fs::read(&path).expect("what was written");
    let mut json = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
    std::io::Read::read_to_end(&mut decoder, &mut json).expect("gzip");
    json
}

/// Repertoires as other programs might write them: without compression, with other types, with missing values.
fn frames() -> Vec<Seed> {
    let text = |name: &str, values: &[Option<&str>]| Column::new(name.into(), values);
    let junctions = text("junction_aa", &[Some("CASSF"), Some("CASSLF")]);
    let genes = [text("v_call", &[Some(""), Some("TRBV9")]), text("j_call", &[Some(""), None])];
    let counts: [Column; 3] = [
        Column::new("duplicate_count".into(), [1_u64, 2]),
        Column::new("duplicate_count".into(), [1_i64, -2]),
        Column::new("duplicate_count".into(), [Some(1_u64), None]),
    ];
    let kinds = ["plain", "signed", "missing"].into_iter().zip(counts);
    let whole = kinds.map(|(name, counts)| {
        let columns = vec![
            junctions.clone(),
            genes[0].clone(),
            genes[0].clone().with_name("j_call".into()),
            counts,
        ];
        (name, columns)
    });
    let gap = vec![junctions.clone(), genes[0].clone(), genes[1].clone()];
    let ids = text("repertoire_id", &[Some("a"), Some("b")]);
    let labels = text("label", &[Some("1"), None]);
    let cohort = ("store-cohort", "plain.parquet".to_owned(), parquet(vec![ids, labels]));
    let repertoires = whole.chain([("gap", gap)]);
    let repertoires = repertoires
        .map(|(name, columns)| ("store-repertoire", format!("{name}.parquet"), parquet(columns)));
    repertoires.chain([cohort]).collect()
}

fn parquet(columns: Vec<Column>) -> Vec<u8> {
    let mut frame = DataFrame::new(2, columns).expect("columns of one height");
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed);
    writer.finish(&mut frame).expect("memory takes all");
    bytes
}
