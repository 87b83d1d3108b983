//! Tables and files that the program reads back, or that a person edits in between.

use std::fs;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use reperio_baselines::compare::Truth;
use reperio_data::generator::Generator;
use reperio_data::metadata::Metadata;
use reperio_data::split::Splits;

use crate::{compressed, names_its_file, scratch};

/// Labels: every row has its id, every column a value for each.
pub(crate) fn metadata(bytes: &[u8]) {
    let path = scratch::file("metadata", bytes);
    match Metadata::read(&path) {
        Ok(read) => {
            assert!(!read.is_empty(), "a table that was read has rows");
            let mut ids = read.ids().to_vec();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), read.len(), "ids are distinct");
            assert!(read.columns().iter().all(|(_, values)| values.len() == read.len()));
            assert_eq!(Metadata::read(&path).ok(), Some(read), "the same bytes are the same table");
        }
        Err(err) => names_its_file(&err, &path),
    }
}

/// Folds: what was written is what is read.
pub(crate) fn splits(bytes: &[u8]) {
    let path = scratch::file("splits", bytes);
    match Splits::read(&path) {
        Ok(splits) => {
            assert!(splits.len() <= splits.folds.len(), "no fold is empty");
            splits.write(&path).expect("splits can be written");
            let again = Splits::read(&path).unwrap_or_else(|err| panic!("written, but {err}"));
            assert_eq!(again, splits);
        }
        Err(err) => names_its_file(&err, &path),
    }
}

/// Implanted sequences.
pub(crate) fn truth(bytes: &[u8]) {
    let path = scratch::file("truth", bytes);
    match Truth::read(&path) {
        Ok(truth) => assert_eq!(Truth::read(&path).ok(), Some(truth)),
        Err(err) => names_its_file(&err, &path),
    }
}

/// Generators: one that loads draws clonotypes and is the same after it was written. Bytes that are no gzip are
/// compressed first, so that they reach what is behind it.
pub(crate) fn generator(bytes: &[u8]) {
    let plain = !bytes.starts_with(&[0x1f, 0x8b]);
    let zipped = if plain { compressed::compress_by(b'g', bytes) } else { None };
    let path = scratch::file("generator", zipped.as_deref().unwrap_or(bytes));
    let generator = match Generator::load(&path) {
        Ok(generator) => generator,
        Err(err) => return names_its_file(&err, &path),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for usage in [generator.mean_usage(), generator.draw_usage(&mut rng)] {
        let made = generator.repertoire("r".to_owned(), 8, &usage, &mut rng);
        assert!((1..=8).contains(&made.len()), "{} clonotypes", made.len());
    }
    assert!(generator.depth().draw(&mut rng) <= 100_000_000, "a depth that no repertoire has");
    let written = |generator: &Generator| {
        generator.save(&path).expect("a generator can be written");
        fs::read(&path).expect("what was written")
    };
    let first = written(&generator);
    let again = Generator::load(&path).unwrap_or_else(|err| panic!("written, but {err}"));
    assert!(written(&again) == first, "what was written is what is read");
}
