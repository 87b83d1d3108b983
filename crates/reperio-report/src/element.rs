//! Elements of HTML and SVG. Text is escaped and every tag closed: nothing else can be written.

use std::fmt::{Display, Write as _};

/// Elements after which the source of the page starts a new line.
const BLOCKS: [&str; 20] = [
    "article", "body", "details", "figure", "footer", "g", "h1", "h2", "h3", "head", "header",
    "html", "li", "main", "p", "section", "style", "svg", "table", "tr",
];

/// An element, its attributes and what is in it.
pub struct Element {
    name: &'static str,
    attributes: String,
    inner: String,
}

/// An empty element.
pub fn element(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inner: String::new() }
}

impl Element {
    /// With an attribute.
    pub fn set(mut self, key: &str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        write!(self.attributes, " {key}=\"{value}\"").expect("a string takes everything");
        self
    }

    /// With text after what is in it.
    pub fn text(mut self, text: impl Display) -> Self {
        self.inner += &escaped(&text.to_string());
        self
    }

    /// With HTML or CSS as it stands, which only the program itself can have written.
    pub fn raw(mut self, text: &'static str) -> Self {
        self.inner += text;
        self
    }

    /// With an element after what is in it.
    pub fn with(mut self, child: Element) -> Self {
        self.inner += &child.html();
        self
    }

    /// With elements after what is in it.
    pub fn all(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Self::with)
    }

    /// As text.
    pub fn html(self) -> String {
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
            letter => out.push(visible(letter)),
        }
    }
    out
}

/// The character, or a visible one in place of a character that cannot be seen or that turns the direction of what
/// follows.
pub(crate) fn visible(letter: char) -> char {
    match letter {
        '\u{7f}' => '\u{2421}',
        // Unicode has pictures of the control characters, in their order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        letter => letter,
    }
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

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let text = "a\0b\nc\u{1b}[31m\u{7f}\u{85}\u{202e}d";
        assert_eq!(escaped(text), "a␀b␊c␛[31m␡\u{fffd}\u{fffd}d");
    }
}
