//! What is planted is found and named by the method that looks for it, and chance is not.

mod case;
mod known_motif;
mod mil;
mod public;
