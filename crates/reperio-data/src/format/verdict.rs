//! Status columns: what they say of a row.

use super::columns::{Check, is_missing};
use super::value::{self, Truth};
use crate::import_counts::DropReason;

/// What a status column says of a row, or what it may hold.
pub(super) fn verdict(check: Check, raw: &[u8]) -> Result<Option<DropReason>, &'static str> {
    let says = |expected| value::truth(raw).map(|truth| truth == expected).ok_or(value::TRUTH);
    let is = |word: &str| raw.eq_ignore_ascii_case(word.as_bytes());
    let (fails, reason) = match check {
        Check::Productive => (says(Truth::False)?, DropReason::Unproductive),
        Check::SurelyProductive => (!says(Truth::True)?, DropReason::Unproductive),
        Check::InFrame => (says(Truth::False)?, DropReason::OutOfFrame),
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
