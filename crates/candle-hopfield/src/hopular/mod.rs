//! Hopular.

mod block;
mod columns;
mod config;
mod embedding;
mod encode;
mod fit;
mod lamb;
mod loss;
mod model;
mod network;
mod noise;
mod parts;
mod released;
mod schedule;
mod schema;
mod standardise;
mod start;
mod table;

pub use block::Step;
pub use config::{Arithmetic, Form, HopularConfig};
pub use encode::{Cell, Rows};
pub use fit::{Fitted, Training, fit};
pub use lamb::{Lamb, LambConfig, clip};
pub use loss::{Counted, Losses, loss};
pub use model::{HopularModel, Prediction};
pub use network::{Hopular, Pass, Trace};
pub use noise::Noise;
pub use released::rename;
pub use schedule::Cosine;
pub use schema::{Attribute, Schema};
pub use standardise::{Gaps, Standardiser};
pub use table::{Column, Table};
