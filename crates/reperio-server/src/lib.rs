//! Scores and explanations over HTTP and in a browser.

#![forbid(unsafe_code)]

mod access;
mod api;
mod app;
mod clock;
mod engine;
mod expanded;
mod folders;
mod metrics;
mod models;
mod net;
mod options;
mod page;
mod problem;
mod random;
mod record;
mod serve;
mod store;
mod uploads;
mod workers;

pub use access::{Role, TokensError, add_token};
pub use engine::{Description, Engine, Failure, Kind, Report, Target, Work};
pub use net::TlsError;
pub use options::{Options, TlsFiles};
pub use serve::{ServeError, serve};
pub use store::StoreError;
