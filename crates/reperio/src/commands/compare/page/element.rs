//! Elements of HTML and SVG. Text is escaped and every tag closed: nothing else can be written.

use std::fmt::{Display, Write as _};

/// Elements after which the source of the page starts a new line.
const BLOCKS: [&str; 20] = [
    "article", "body", "details", "figure", "footer", "g", "h1", "h2", "h3", "head", "header",
    "html", "li", "main", "p", "section", "style", "svg", "table", "tr",
];

/// An element, its attributes and what is in it.
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    inner: String,
}

/// An empty element.
pub(super) fn element(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inner: String::new() }
}

impl Element {
    /// With an attribute.
    pub(super) fn set(mut self, key: &str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        write!(self.attributes, " {key}=\"{value}\"").expect("a string takes everything");
        self
    }

    /// With text after what is in it.
    pub(super) fn text(mut self, text: impl Display) -> Self {
        self.inner += &escaped(&text.to_string());
        self
    }

    /// With HTML or CSS as it stands, which only the program itself can have written.
    pub(super) fn raw(mut self, text: &'static str) -> Self {
        self.inner += text;
        self
    }

    /// With an element after what is in it.
    pub(super) fn with(mut self, child: Element) -> Self {
        self.inner += &child.html();
        self
    }

    /// With elements after what is in it.
    pub(super) fn all(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Self::with)
    }

    /// As text.
    pub(super) fn html(self) -> String {
        let Self { name, attributes, inner } = self;
        let end = if BLOCKS.contains(&name) { "\n" } else { "" };
        format!("<{name}{attributes}>{inner}</{name}>{end}")
    }
}

/// `text` without the characters that mean something in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped_and_elements_nest() {
        let inner = element("b").set("title", "a \"b\"").text("1 < 2 & 'c'");
        insta::assert_snapshot!(
            element("td").text("so ").with(inner).text(".").html(),
            @r#"<td>so <b title="a &quot;b&quot;">1 &lt; 2 &amp; &#39;c&#39;</b>.</td>"#
        );
    }
}
