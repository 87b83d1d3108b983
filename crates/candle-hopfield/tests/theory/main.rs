//! The theory of modern Hopfield networks (arXiv 2008.02217), statement by statement.

mod analysis;
mod bounds;
mod descent;
mod fixed_points;
mod gaussian;
mod recall;
mod support;
