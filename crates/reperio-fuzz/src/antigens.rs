//! Exports of databases of receptors whose antigen is known.

use reperio_data::antigens::{self, Antigens};
use reperio_data::gene::Species;
use reperio_data::junction::JunctionAa;

use crate::{names_its_file, scratch};

/// Every chain is counted once; a receptor that is read matches itself.
pub(crate) fn export(bytes: &[u8]) {
    let path = scratch::file("antigens", bytes);
    match antigens::load(std::slice::from_ref(&path)) {
        Ok(read) => is_consistent(&read),
        Err(err) => names_its_file(&err, &path),
    }
}

fn is_consistent(read: &Antigens) {
    for file in &read.files {
        assert_eq!(file.chains, file.used + file.unused.values().sum::<u64>());
        assert!(file.rows > 0 && file.rows <= 2 * file.chains);
    }
    for (at, entry) in read.index.entries().iter().enumerate() {
        let junction = JunctionAa::new(&entry.junction_aa).expect("a junction that was read");
        let codes: Vec<u8> = junction.codes().collect();
        let species = entry.species.unwrap_or(Species::Human);
        let found = read.index.find(&codes, &entry.v_call, species);
        assert!(found.iter().any(|own| own.entry == at && own.substituted.is_none()), "{entry:?}");
        for text in [&entry.epitope, &entry.antigen, &entry.antigen_species, &entry.mhc] {
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
