//! The API from outside, with a made-up engine in place of the program's commands.

mod hostile;
mod jobs;
mod operation;
mod requests;
mod support;
