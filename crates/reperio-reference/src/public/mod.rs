//! Public clonotypes: those that positive repertoires share more often than negative ones, counted.

mod associated;
mod beta_binomial;
mod census;
mod fisher;
mod method;
mod rising;

pub use method::PublicClonotypes;
