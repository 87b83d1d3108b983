//! Tables: numbers to the right, texts to the left, no column without a value.

use crate::element::{Element, element};
use crate::page::{or_dash, scrolling};

/// Letters of a text that stands in one line.
const WORD: usize = 24;

/// A cell: text, with an element in place of it where there is one.
pub(crate) struct Cell {
    text: String,
    shown: Option<Element>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, shown: None }
    }
}

impl Cell {
    /// A cell that shows `element`, which says `text`.
    pub(crate) fn of(text: String, element: Element) -> Self {
        Self { text, shown: Some(element) }
    }

    /// Whether it is a number, or numbers.
    fn is_number(&self) -> bool {
        self.text.starts_with(|letter: char| letter.is_ascii_digit() || "-–+".contains(letter))
    }
}

/// A table with a caption and a heading a column. The first cell of a row is its heading. A column without any value
/// is left out.
pub(crate) fn table(
    caption: &str,
    names: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Element {
    let rows = rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect());
    of_cells(caption, names, rows.collect())
}

/// A [`table`] of cells that may be more than text.
pub(crate) fn of_cells(caption: &str, names: &[&str], rows: Vec<Vec<Cell>>) -> Element {
    let column = |at: usize| rows.iter().filter_map(move |row| row.get(at));
    let known = |at: usize| column(at).filter(|cell| !cell.text.is_empty());
    let shown: Vec<bool> =
        (0..names.len()).map(|at| rows.is_empty() || at == 0 || known(at).count() > 0).collect();
    let classes: Vec<Option<&str>> = (0..names.len())
        .map(|at| match known(at).all(Cell::is_number) {
            true => None,
            false if known(at).all(|cell| cell.text.chars().count() <= WORD) => Some("text word"),
            false => Some("text"),
        })
        .collect();
    let class = |of: Element, at: usize| match classes[at] {
        Some(class) => of.set("class", class),
        None => of,
    };
    let heads = names.iter().enumerate().filter(|(at, _)| shown[*at]);
    let heads = heads.map(|(at, name)| class(element("th").set("scope", "col"), at).text(name));
    let head = element("thead").with(element("tr").all(heads));
    let row = |cells: Vec<Cell>| {
        let cell = |(at, cell): (usize, Cell)| {
            let own =
                if at == 0 { element("th").set("scope", "row") } else { class(element("td"), at) };
            match cell.shown {
                Some(element) => own.with(element),
                None => own.text(or_dash(cell.text)),
            }
        };
        let cells = cells.into_iter().take(names.len()).enumerate();
        element("tr").all(cells.filter(|(at, _)| shown[*at]).map(cell))
    };
    let body = element("tbody").all(rows.into_iter().map(row));
    let table = element("table").with(element("caption").text(caption)).with(head).with(body);
    scrolling(caption, table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_columns_are_left_out_and_texts_stand_left() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows = [row(["a", "1.5", "", "x"]), row(["b", "", "", "y"])];
        let html = table("t", &["name", "value", "none", "text"], rows).html();
        let (_, body) = html.split_once("<tbody>").unwrap();
        let (body, _) = body.split_once("</tbody>").unwrap();
        let body = body.replace('\n', "");
        assert_eq!(
            body,
            "<tr><th scope=\"row\">a</th><td>1.5</td><td class=\"text word\">x</td></tr>\
             <tr><th scope=\"row\">b</th><td>–</td><td class=\"text word\">y</td></tr>"
        );
        assert!(!html.contains("none"));
    }
}
