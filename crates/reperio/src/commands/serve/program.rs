//! The program's own commands, as the server calls them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use reperio_data::progress::Observer;
use reperio_model::labels::{Target, TargetKind};
use reperio_model::model::Model;
use reperio_server::{self as server, Description, Engine, Failure, Kind, Report, Work};
use tracing::Level;

use crate::embed::{self, CallError, Host};

/// Runs the program's commands.
pub(super) struct Program;

impl Engine for Program {
    fn describe(&self, file: &Path) -> Result<Description, String> {
        let model = Model::load(file).map_err(|err| format!("{:#}", anyhow::Error::from(err)))?;
        let info = model.info();
        let trained_on = info.population.repertoires;
        Ok(Description { targets: info.targets.iter().map(target).collect(), trained_on })
    }

    fn run(
        &self,
        work: &Work,
        observer: Arc<dyn Observer + Send + Sync>,
    ) -> Result<Report, Failure> {
        let warnings: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&warnings);
        let log = move |level: Level, line: &str| {
            if level <= Level::WARN {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
            }
        };
        let host = Host {
            threads: Some(work.threads),
            cohorts: BTreeMap::new(),
            observer,
            log: Arc::new(log),
            command_line: Some(as_typed(work)),
            verbose: 0,
        };
        let json = embed::call(work.kind.name(), &arguments(work), host);
        let json = json.map_err(|err| match err {
            CallError::Interrupted(_) => Failure::Interrupted,
            CallError::Usage(text) | CallError::Failed(text) => Failure::Refused(text),
        })?;
        let warnings =
            std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Report { json, warnings })
    }
}

fn target(target: &Target) -> server::Target {
    let kind = match target.kind {
        TargetKind::Binary { .. } => "binary",
        TargetKind::Classes { .. } => "classes",
        TargetKind::Regression { .. } => "regression",
    };
    let (column, outputs) = (target.column.clone(), target.outputs());
    server::Target { column, kind: kind.to_owned(), outputs }
}

/// The arguments behind the command's name. A value that begins with `-` stays a value.
fn arguments(work: &Work) -> Vec<OsString> {
    let joined = |name: &str, value: &Path| {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        word
    };
    let out = match work.kind {
        Kind::Score => work.out.join("scores.tsv"),
        Kind::Explain => work.out.clone(),
    };
    let mut words = vec![joined("model", &work.model_folder), joined("out", &out)];
    words.extend(work.options.iter().map(|(name, value)| joined(name, Path::new(value))));
    words.push("--".into());
    words.extend(work.inputs.iter().map(OsString::from));
    words
}

/// The command as a person beside the files and the model would have typed it.
fn as_typed(work: &Work) -> Vec<String> {
    let out = match work.kind {
        Kind::Score => "scores.tsv",
        Kind::Explain => "out",
    };
    let mut words = ["reperio", work.kind.name(), "--model", &work.model, "--out", out]
        .map(str::to_owned)
        .to_vec();
    for (name, value) in &work.options {
        words.extend([format!("--{name}"), value.clone()]);
    }
    let names = work.inputs.iter().filter_map(|path| path.file_name());
    words.extend(names.map(|name| name.to_string_lossy().into_owned()));
    words
}
