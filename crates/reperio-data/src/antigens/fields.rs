//! The texts of a row, each kept once however many rows have it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::format::record::Record;
use crate::gene::{Locus, Species, normalise};
use crate::missing;

/// Words for no value that a table of labels may use as a class.
const NO_VALUE: [&str; 2] = ["none", "-"];

/// A field as text, without line breaks and other control characters; bytes that are not UTF-8 are read as Latin-1.
/// A word for no value is nothing.
fn text(field: &[u8]) -> Option<String> {
    let latin = || field.iter().map(|&byte| char::from(byte)).collect();
    let text = std::str::from_utf8(field).map_or_else(|_| latin(), str::to_owned);
    let visible = text.replace(char::is_control, " ");
    let visible = visible.trim();
    let is_none = NO_VALUE.iter().any(|word| visible.eq_ignore_ascii_case(word));
    (!is_none && !missing::is_missing(visible)).then(|| visible.to_owned())
}

/// The first of the fields at `places` that has a value.
pub(super) fn first(record: &Record, places: &[usize]) -> Option<String> {
    places.iter().find_map(|&at| text(record.field(at)))
}

/// Texts and genes of all rows.
#[derive(Debug, Default)]
pub(super) struct Texts {
    known: HashSet<Arc<str>, RandomState>,
    genes: HashMap<(bool, String), Arc<str>, RandomState>,
}

impl Texts {
    /// The text, shared with the rows before.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let own: Arc<str> = text.into();
        self.known.insert(own.clone());
        own
    }

    /// The first of the fields at `places` with a value, or "".
    pub(super) fn first(&mut self, record: &Record, places: &[usize]) -> Arc<str> {
        self.shared(&first(record, places).unwrap_or_default())
    }

    /// The IMGT gene of the first of the fields at `places` that names one of `locus`, or "".
    pub(super) fn gene(
        &mut self,
        record: &Record,
        places: &[usize],
        (species, locus): (Species, Option<Locus>),
    ) -> Arc<str> {
        for &at in places {
            let Some(written) = text(record.field(at)) else { continue };
            let key = (species == Species::Mouse, written);
            let known = self.genes.get(&key).cloned();
            let gene = known.unwrap_or_else(|| {
                // McPAS-TCR writes some alleles behind a colon.
                let name = key.1.split(':').next().unwrap_or_default();
                let gene = self.shared(&normalise(name, species).gene);
                self.genes.insert(key, gene.clone());
                gene
            });
            let own = Locus::of_gene(&gene);
            if own.is_some() && (locus.is_none() || own == locus) {
                return gene;
            }
        }
        self.shared("")
    }
}
