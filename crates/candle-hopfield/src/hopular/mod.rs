//! Hopular.

mod block;
mod columns;
mod config;
mod embedding;
mod network;
mod released;
mod schema;
mod start;

pub use block::Step;
pub use config::{Arithmetic, Form, HopularConfig};
pub use network::{Hopular, Pass, Trace};
pub use released::rename;
pub use schema::{Attribute, Schema};
