//! Checkpoints: a training that continues from damaged state ends with numbers or with an error.

use std::fs;

use reperio_data::progress::Silent;
use reperio_model::parts::Part;
use reperio_model::train::TrainError;
use serde_json::Value;

use crate::training::{AfterOneEpoch, Patients};
use crate::{names_its_file, scratch, sealed};

/// Key of the state's description in the file's metadata.
const KEY: &str = "reperio.checkpoint";
const FILE: &str = "state.safetensors";

/// A run that can continue from a checkpoint.
struct Interrupted {
    patients: Patients,
    /// What says that a checkpoint is of this run and version.
    fingerprint: Value,
    state: Vec<u8>,
}

impl Interrupted {
    fn new() -> Self {
        let patients = Patients::new(8);
        let folder = scratch::empty("checkpoint");
        let stopped = patients.fit(&[Part::Network], Some(&folder), &AfterOneEpoch::default());
        assert!(matches!(stopped, Err(TrainError::Interrupted { .. })), "{:?}", stopped.err());
        let state = fs::read(folder.join(FILE)).expect("an interrupted run leaves its state");
        let text = sealed::text(&state, KEY).expect("a checkpoint has a description");
        let header: Value = serde_json::from_str(&text).expect("a description is JSON");
        Self { patients, fingerprint: header["fingerprint"].clone(), state }
    }

    /// The bytes as a checkpoint of this run, as far as they are one at all.
    fn adopt(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = sealed::unsealed(&sealed::text(bytes, KEY)?);
        let mut header: Value = serde_json::from_str(&text).ok()?;
        *header.get_mut("fingerprint")? = self.fingerprint.clone();
        sealed::sealed(&sealed::with_text(bytes, KEY, &header.to_string())?, KEY)
    }
}

thread_local! {
    static RUN: Interrupted = Interrupted::new();
}

/// Goes on from a checkpoint.
pub(crate) fn state(bytes: &[u8]) {
    RUN.with(|run| {
        let folder = scratch::folder("checkpoint");
        let adopted = run.adopt(bytes);
        scratch::write(&folder.join(FILE), adopted.as_deref().unwrap_or(bytes));
        match run.patients.fit(&[Part::Network], Some(&folder), &Silent) {
            Ok(fitted) => {
                let numbers = fitted.model.parameters();
                assert!(numbers.iter().all(|number| number.is_finite()), "{numbers:?}");
            }
            Err(TrainError::Checkpoint(err)) => names_its_file(&err, &folder),
            Err(_) => {}
        }
    });
}

/// The state of an interrupted run as a seed.
pub(crate) fn seed() -> Vec<u8> {
    RUN.with(|run| run.state.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain;

    /// What a training says that continues from `state`.
    fn goes_on(run: &Interrupted, state: &[u8]) -> Result<(), TrainError> {
        let folder = scratch::folder("checkpoint");
        scratch::write(&folder.join(FILE), state);
        run.patients.fit(&[Part::Network], Some(&folder), &Silent).map(drop)
    }

    #[test]
    fn a_flipped_bit_is_an_error_wherever_it_is() {
        RUN.with(|run| {
            goes_on(run, &run.state).unwrap();
            for at in (0..run.state.len()).step_by(5) {
                let mut damaged = run.state.clone();
                damaged[at] ^= 1 << (at % 8);
                let found = goes_on(run, &damaged);
                assert!(matches!(found, Err(TrainError::Checkpoint(_))), "byte {at}: {found:?}");
            }
        });
    }

    #[test]
    fn a_state_that_no_training_has_is_an_error() {
        RUN.with(|run| {
            let text = sealed::unsealed(&sealed::text(&run.state, KEY).unwrap());
            let mut header: Value = serde_json::from_str(&text).unwrap();
            header["member"]["best_epoch"] = Value::from(9);
            let changed = sealed::with_text(&run.state, KEY, &header.to_string()).unwrap();
            let found = goes_on(run, &sealed::sealed(&changed, KEY).unwrap()).unwrap_err();
            assert!(
                chain(&found).ends_with("it describes a state that training never reaches"),
                "{found:?}"
            );
        });
    }
}
