//! The program from outside: what it prints, what it writes, and its exit codes.

mod antigens;
mod bad_input;
mod bad_labels;
mod batch;
mod bench;
mod cases;
mod compare;
mod confounders;
mod covariates;
mod crash;
mod faults;
mod help;
mod integrity;
mod learning_curve;
mod motifs;
mod outputs;
mod pages;
mod pretraining;
mod report;
mod server;
mod support;
mod workflow;
