//! Which cohort it is, by its content.

use sha2::{Digest, Sha256};

use super::Cohort;

impl Cohort {
    /// SHA-256 of the clonotypes and the metadata in hexadecimal, the same for files and a store of them.
    ///
    /// # Panics
    ///
    /// Never: the metadata are texts.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for repertoire in &self.repertoires {
            hash.update(repertoire.id.as_bytes());
            hash.update([0]);
            for i in 0..repertoire.len() {
                hash.update(repertoire.junction_codes(i));
                hash.update([u8::MAX]);
                hash.update(repertoire.v_call(i).as_bytes());
                hash.update([u8::MAX]);
                hash.update(repertoire.j_call(i).as_bytes());
                hash.update(repertoire.counts()[i].to_le_bytes());
            }
        }
        let columns = serde_json::to_vec(self.metadata.columns()).expect("the metadata are texts");
        hash.update(columns);
        let hex: Vec<String> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        hex.concat()
    }
}
