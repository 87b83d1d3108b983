//! The pages of an explanation: why each repertoire scored as it did.

mod antigens;
mod attention;
mod cases;
mod cohort;
mod patient;
mod shading;

use std::path::{Path, PathBuf};

use reperio_data::cohort as names;
use reperio_model::labels::{Target, TargetKind};
use serde::Deserialize;

use crate::folder::{self, EXPLANATION, content};
use crate::tsv::Table;
use crate::{NAME, ReportError, save};

/// `explanation.json`: where the tables came from, and what their columns mean.
#[derive(Deserialize)]
pub(crate) struct Origin {
    version: String,
    command: Vec<String>,
    targets: Vec<Target>,
    coverage: f64,
    no_signal: Vec<String>,
    /// Exports of databases that the leading clonotypes were held against.
    #[serde(default)]
    antigens: Vec<antigens::Export>,
}

/// The tables of a folder.
struct Explanation<'a> {
    folder: &'a Path,
    origin: &'a Origin,
    scores: Scores,
    heads: Table,
    chances: Option<antigens::Chances>,
    /// Training repertoires that the scores lean on, where the model lay in the folder of its training.
    cases: Option<Table>,
}

/// `scores.tsv`, a row for each output of each repertoire.
struct Scores {
    ids: Vec<String>,
    /// First row of each repertoire.
    first: Vec<usize>,
    /// Outputs of each repertoire.
    outputs: Vec<String>,
    numbers: Vec<(String, Vec<Option<f64>>)>,
    /// Evidence of each part.
    parts: Vec<(String, Vec<Option<f64>>)>,
    classes: Vec<String>,
    sets: Vec<String>,
    clonotypes: Vec<String>,
    warnings: Vec<String>,
    /// What the cases by themselves predict.
    memory: Option<Vec<Option<f64>>>,
}

impl Scores {
    fn read(folder: &Path, origin: &Origin) -> Result<Self, ReportError> {
        let path = folder.join("scores.tsv");
        let table = Table::read(&path, usize::MAX)?;
        let texts = |name: &str| -> Result<Vec<String>, ReportError> {
            Ok(table.text(name)?.into_iter().map(str::to_owned).collect())
        };
        let rows = texts("repertoire_id")?;
        let width = origin.targets.iter().map(Target::width).sum::<usize>().max(1);
        let (first, ids): (Vec<usize>, Vec<String>) =
            rows.iter().cloned().enumerate().step_by(width).unzip();
        let whole =
            rows.chunks(width).all(|own| own.len() == width && own.iter().all(|id| *id == own[0]));
        if !whole {
            return Err(content(&path, &format!("expected {width} rows for each repertoire")));
        }
        let numbers = ["logit", "bias", "evidence", "probability", "value"]
            .map(|name| Ok((name.to_owned(), table.numbers(name)?)));
        let part = |name: &&String| name.starts_with("evidence_");
        let parts = table.names().iter().filter(part).map(|name| {
            let short = name.trim_start_matches("evidence_").to_owned();
            Ok((short, table.numbers(name)?))
        });
        Ok(Self {
            outputs: texts("output")?,
            numbers: numbers.into_iter().collect::<Result<_, ReportError>>()?,
            parts: parts.collect::<Result<_, ReportError>>()?,
            classes: texts("class")?,
            sets: texts("prediction_set")?,
            clonotypes: texts("clonotypes")?,
            warnings: texts("warnings")?,
            memory: table.optional("memory").map(|_| table.numbers("memory")).transpose()?,
            ids,
            first,
        })
    }

    /// A number of a row, if it is known.
    fn number(&self, name: &str, row: usize) -> Option<f64> {
        self.numbers.iter().find(|(own, _)| own == name).and_then(|(_, values)| values[row])
    }
}

impl Explanation<'_> {
    /// The targets with the first row of each for the repertoire at `place`.
    fn targets(&self, place: usize) -> impl Iterator<Item = (&Target, usize)> {
        let mut row = self.scores.first[place];
        self.origin.targets.iter().map(move |target| {
            let own = (target, row);
            row += target.width();
            own
        })
    }

    /// The row of the output that a target of the repertoire predicts: its only one, or the called class.
    fn predicted(&self, target: &Target, first: usize) -> usize {
        let TargetKind::Classes { classes } = &target.kind else { return first };
        let called = classes.iter().position(|class| *class == self.scores.classes[first]);
        first + called.unwrap_or(0)
    }

    /// The score in words: "0.930 for sick" or the number.
    fn score(&self, target: &Target, first: usize) -> String {
        let row = self.predicted(target, first);
        let number =
            |name| crate::page::or_dash(crate::page::number(self.scores.number(name, row)));
        match &target.kind {
            TargetKind::Regression { .. } => number("value"),
            TargetKind::Binary { positive, .. } => {
                format!("{} for {positive}", number("probability"))
            }
            TargetKind::Classes { .. } => {
                format!("{} for {}", number("probability"), self.scores.classes[first])
            }
        }
    }

    /// The sentence of one target, and what is to be known of it.
    fn verdict(&self, target: &Target, first: usize) -> String {
        let column = &target.column;
        let text = match &target.kind {
            TargetKind::Regression { .. } => format!("{column}: {}.", self.score(target, first)),
            _ => format!(
                "{column}: probability {}, called {}.",
                self.score(target, first),
                self.scores.classes[first]
            ),
        };
        let percent = 100.0 * self.origin.coverage;
        let set = match self.scores.sets[first].as_str() {
            "" => String::new(),
            "none" => format!(" Prediction set at {percent:.0} %: none. No class is plausible."),
            set if set.contains("..") && matches!(target.kind, TargetKind::Regression { .. }) => {
                format!(" Prediction interval at {percent:.0} %: {}.", set.replace("..", " to "))
            }
            // One class may hold the sign that joins several.
            set if set.contains('|') && !target.outputs().iter().any(|own| own == set) => format!(
                " Prediction set at {percent:.0} %: {}. The model cannot decide between them.",
                set.replace('|', ", ")
            ),
            set => format!(" Prediction set at {percent:.0} %: {set} alone."),
        };
        let chance = if self.origin.no_signal.contains(column) {
            " Training found no signal for this target: the score is at chance."
        } else {
            ""
        };
        format!("{text}{set}{chance}")
    }
}

/// Writes the pages of the explanation in `folder`, whose last file holds `origin`: one for a single repertoire, otherwise
/// one for all and one for each. Returns the path of the first.
pub(crate) fn write(folder: &Path, origin: &str) -> Result<PathBuf, ReportError> {
    let origin: Origin = folder::parse(&folder.join(EXPLANATION), origin)?;
    let scores = Scores::read(folder, &origin)?;
    let heads = Table::read(&folder.join("heads.tsv"), usize::MAX)?;
    let chances = antigens::Chances::read(folder)?;
    let cases = folder.join("cases.tsv");
    let cases = cases.is_file().then(|| Table::read(&cases, usize::MAX)).transpose()?;
    let all = Explanation { folder, origin: &origin, scores, heads, chances, cases };
    let main = folder.join(NAME);
    if all.scores.ids.len() == 1 {
        save(&main, &all.patient(0)?)?;
        return Ok(main);
    }
    for place in 0..all.scores.ids.len() {
        save(&all.own_folder(place).join(NAME), &all.patient(place)?)?;
    }
    save(&main, &all.cohort()?)?;
    Ok(main)
}

impl Explanation<'_> {
    /// The folder of one repertoire's tables.
    fn own_folder(&self, place: usize) -> PathBuf {
        self.folder.join("repertoires").join(names::file_name(&self.scores.ids[place]))
    }
}
