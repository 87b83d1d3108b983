//! The client of `reperio serve`: what `score` and `explain` do with `--server`.
//!
//! Files are streamed, never whole in memory. A request that a lost connection or a full queue cut short is made again with the
//! same `Idempotency-Key`: its job runs once.

mod connection;
mod error;
mod form;
mod job;
mod retry;
mod trust;

pub(crate) use connection::{Server, is_ready};
pub(crate) use error::ClientError;
pub(crate) use form::Files;
pub(crate) use job::{Request, Written, run};
