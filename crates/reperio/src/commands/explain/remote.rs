//! `reperio explain --server`: the same by a server.

use std::io;

use anyhow::Result;
use reperio_data::atomic;
use reperio_data::progress::Observer;

use super::{Args, Explained, RESULTS, TOP};
use crate::client::{self, ClientError, Files, Request, Server, Written};
use crate::shell::Shell;

/// Writes the tables; the page is made from them.
pub(super) fn explain(args: &Args, server: Server, shell: &Shell) -> Result<Explained> {
    let mut parameters = vec![("model", args.model.display().to_string())];
    if args.top != TOP {
        parameters.push(("top", args.top.to_string()));
    }
    parameters.extend(args.input.read.parameters());
    let files = Files::of(&args.input.inputs)?;
    let (request, out) = (Request { command: "explain", parameters, files }, args.out.clone());
    let work = move |observer: &dyn Observer| {
        let done = client::run(&server, &request, observer)?;
        let explained: Explained = server.report(&done, observer)?;
        for file in in_order(&done.files) {
            let path = out.join(&file.path);
            let save =
                |from: &mut dyn io::Read| atomic::write(&path, |to| io::copy(from, to).map(drop));
            server.file(&done, file, observer, save)?;
        }
        Ok::<_, ClientError>((Explained { out, ..explained }, done.warnings))
    };
    let (explained, warnings) = shell.read("run the command again", work)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(explained)
}

/// The tables among `files`, those last whose presence says that nothing is missing. A path that is no result of this command
/// is never written to.
fn in_order(files: &[Written]) -> Vec<&Written> {
    let (mut known, mut last) = (Vec::new(), Vec::new());
    for file in files {
        if !RESULTS.have(&file.path) {
            tracing::warn!(
                "{} is left out: this version of the program does not know it",
                file.path
            );
        } else if RESULTS.done.contains(&file.path.as_str()) {
            last.push(file);
        } else if !file.path.ends_with(reperio_report::NAME) {
            known.push(file);
        }
    }
    known.extend(last);
    known
}
