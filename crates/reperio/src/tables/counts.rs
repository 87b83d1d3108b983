//! What reading kept and dropped, one row per repertoire: shared by `import` and `describe`.

use reperio_data::import_counts::ImportCounts;

use crate::shell::output::{align, row};

/// Repertoires of a table on the terminal; `--json` has all of them.
const SHOWN: usize = 20;

/// One line per repertoire (the first 20), a line of sums, and the reasons for dropping.
pub(crate) fn table(repertoires: &[(&str, &ImportCounts)]) -> Vec<String> {
    let mut rows =
        vec![row([&"repertoire", &"rows", &"kept", &"dropped", &"clonotypes", &"templates"])];
    let line = |name: &str, counts: &ImportCounts| {
        let ImportCounts { rows, kept, clonotypes, templates, .. } = counts;
        row([&name, rows, kept, &counts.dropped(), clonotypes, templates])
    };
    rows.extend(repertoires.iter().take(SHOWN).map(|(id, counts)| line(id, counts)));
    if repertoires.len() > SHOWN {
        rows.push(row([&format!("... {} more", repertoires.len() - SHOWN)]));
    }
    let mut all = ImportCounts::default();
    for (_, counts) in repertoires {
        all.add(counts);
    }
    if repertoires.len() > 1 {
        rows.push(line(&format!("all {}", repertoires.len()), &all));
    }
    let mut lines = align(&rows);
    if !all.dropped.is_empty() {
        let cells: Vec<_> = all.dropped.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
        lines.push(format!("Dropped   {}", cells.join(", ")));
    }
    lines
}
