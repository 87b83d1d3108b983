//! Status columns: what they say about a row.

use super::columns::{Check, is_missing};
use super::value::{self, Truth};
use crate::gene::Species;
use crate::import_counts::DropReason;

/// What a status may be.
const STATUS: &str =
    "productive, unproductive, in-frame, out-of-frame, stop, a truth value or nothing";

/// What a status column says of a row, or what it may hold.
pub(super) fn verdict(check: Check, raw: &[u8]) -> Result<Option<DropReason>, &'static str> {
    let says = |expected| value::truth(raw).map(|truth| truth == expected).ok_or(value::TRUTH);
    let is = |word: &str| raw.eq_ignore_ascii_case(word.as_bytes());
    let (fails, reason) = match check {
        Check::Said(reason) => match value::truth(raw) {
            Some(truth) => (truth == Truth::False, reason),
            None => return word(raw),
        },
        Check::Words => return word(raw),
        Check::Flaw(reason) => (says(Truth::True)?, reason),
        Check::Species(species) => return of_species(species, raw).map(|()| None),
        Check::SurelyProductive => (!says(Truth::True)?, DropReason::Unproductive),
        Check::StopCodon => (says(Truth::True)?, DropReason::StopCodon),
        Check::Cell => (says(Truth::False)?, DropReason::NotACell),
        Check::Confident => (says(Truth::False)?, DropReason::LowConfidence),
        Check::OneChain => (is("Multi"), DropReason::MixedChains),
        Check::FrameType if is("Out") => (true, DropReason::OutOfFrame),
        Check::FrameType if is("Stop") => (true, DropReason::StopCodon),
        Check::FrameType if is("In") || is_missing(raw) => (false, DropReason::Unproductive),
        Check::FrameType => return Err("In, Out, Stop or nothing"),
        Check::Functionality => {
            // `productive (see comment)` counts; `No results` is left to the junction.
            let productive = raw.len() >= 10 && raw[..10].eq_ignore_ascii_case(b"productive");
            (!productive && !is("no results") && !is_missing(raw), DropReason::Unproductive)
        }
    };
    Ok(fails.then_some(reason))
}

/// What a word for a status says, however its parts are joined, or what it may be.
fn word(raw: &[u8]) -> Result<Option<DropReason>, &'static str> {
    if is_missing(raw) {
        return Ok(None);
    }
    let letters = raw.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let letters: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    match &letters[..] {
        b"productive" | b"functional" | b"in" | b"inframe" => Ok(None),
        b"unproductive" | b"nonproductive" | b"notproductive" | b"nonfunctional" => {
            Ok(Some(DropReason::Unproductive))
        }
        b"out" | b"outofframe" | b"outframe" | b"frameshift" => Ok(Some(DropReason::OutOfFrame)),
        b"stop" | b"stopcodon" | b"hasstop" => Ok(Some(DropReason::StopCodon)),
        _ => Err(STATUS),
    }
}

/// An error if a field names another species than that whose genes a table has, or one that is not known.
fn of_species(species: Species, raw: &[u8]) -> Result<(), &'static str> {
    let name = |raw| std::str::from_utf8(raw).ok().and_then(Species::of_column);
    match species {
        _ if is_missing(raw) || name(raw) == Some(species) => Ok(()),
        Species::Human => {
            Err("human, the species of this table's genes: use one table per species")
        }
        Species::Mouse => {
            Err("mouse, the species of this table's genes: use one table per species")
        }
    }
}
