//! `reperio score --server`: the same by a server.

use anyhow::Result;
use reperio_data::progress::Observer;
use reperio_model::evaluate::COVERAGE;

use super::{Args, Scores};
use crate::client::{self, ClientError, Files, Request, Server};
use crate::shell::{Shell, table};

/// The table, as the server calls it.
const TABLE: &str = "scores.tsv";

/// The scores, whose table is written, and what to warn of.
pub(super) fn score(args: &Args, server: Server, shell: &Shell) -> Result<(Scores, Vec<String>)> {
    let mut parameters = vec![("model", args.model.display().to_string())];
    if (args.coverage - COVERAGE).abs() > 0.0 {
        parameters.push(("coverage", args.coverage.to_string()));
    }
    parameters.extend(args.input.read.parameters());
    let files = Files::of(&args.input.inputs)?;
    let (request, out) = (Request { command: "score", parameters, files }, args.out.clone());
    let work = move |observer: &dyn Observer| {
        let done = client::run(&server, &request, observer)?;
        let scores: Scores = server.report(&done, observer)?;
        let written = done.files.iter().find(|own| own.path == TABLE);
        let written = written.ok_or_else(|| ClientError::Missing { name: TABLE.to_owned() })?;
        server.file(&done, written, observer, |from| table::copy(&out, from))?;
        Ok::<_, ClientError>((Scores { out, ..scores }, done.warnings))
    };
    shell.read("run the command again", work)
}
