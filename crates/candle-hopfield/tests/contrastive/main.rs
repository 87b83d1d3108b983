//! The losses of CLOOB (arXiv 2110.11316): against PyTorch, plain `f64`, finite differences; properties, errors.

mod case;
#[path = "../common/distance.rs"]
mod distance;
mod formulas;
mod refusals;
#[path = "../theory/support.rs"]
#[expect(dead_code, reason = "more than these tests need")]
mod support;
mod twin;
