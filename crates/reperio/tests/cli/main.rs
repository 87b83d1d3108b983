//! The program from outside: what it prints, what it writes, and its exit codes.

mod bad_input;
mod bad_labels;
mod batch;
mod bench;
mod compare;
mod crash;
mod faults;
mod help;
mod integrity;
mod learning_curve;
mod outputs;
mod report;
mod support;
mod workflow;
