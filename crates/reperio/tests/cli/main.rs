//! The program from outside: what it prints, what it writes, and its exit codes.

mod antigens;
mod bad_input;
mod bad_labels;
mod batch;
mod bench;
mod compare;
mod confounders;
mod crash;
mod faults;
mod help;
mod integrity;
mod learning_curve;
mod motifs;
mod neighbours;
mod outputs;
mod pages;
mod pretraining;
mod report;
mod server;
mod support;
mod workflow;
