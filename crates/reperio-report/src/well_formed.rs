//! What a page must be, whatever it shows: closed tags, distinct ids, links that lead somewhere, nothing from outside.

/// What is wrong with `page`, a line each; nothing for a page that needs only itself.
///
/// # Examples
///
/// ```
/// use reperio_report::well_formed::problems;
///
/// assert!(problems("<p id=\"a\">text</p>").is_empty());
/// assert_eq!(problems("<p>text</b>"), ["</b> closes <p>"]);
/// ```
pub fn problems(page: &str) -> Vec<String> {
    let mut found = nesting(page);
    for outside in ["http:", "https:", "url(", "@import", "<script", "<img", "<link", "<iframe"] {
        if page.contains(outside) {
            found.push(format!("{outside} reaches outside"));
        }
    }
    for wrong in ["NaN", "inf\"", "inf<"] {
        if page.contains(wrong) {
            found.push(format!("{wrong} is shown"));
        }
    }
    let ids: Vec<&str> = values(page, " id=\"").collect();
    for (i, id) in ids.iter().enumerate() {
        if ids[..i].contains(id) {
            found.push(format!("two elements have the id {id}"));
        }
    }
    for target in values(page, " href=\"#").chain(values(page, " aria-labelledby=\"")) {
        let missing = target.split(' ').filter(|id| !ids.contains(id));
        found.extend(missing.map(|id| format!("#{id} leads nowhere")));
    }
    let hidden = |c: char| c.is_control() && c != '\n';
    if page.contains(hidden) {
        found.push("a control character is not shown".to_owned());
    }
    found
}

/// What stands between `before` and the next quotation mark.
fn values<'a>(page: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(before).skip(1).map(|text| text.split('"').next().unwrap_or_default())
}

/// Tags that close what is not open, or never close.
fn nesting(page: &str) -> Vec<String> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for tag in page.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else {
            found.push(format!("<{tag} never ends"));
            continue;
        };
        if tag.matches('"').count() % 2 == 1 {
            found.push(format!("<{tag}> has an odd number of quotation marks"));
        }
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => match open.pop() {
                Some(own) if own == name => {}
                Some(other) => found.push(format!("</{name}> closes <{other}>")),
                None => found.push(format!("</{name}> closes nothing")),
            },
            None if ["!doctype", "meta"].contains(&name) => {}
            None => open.push(name),
        }
    }
    found.extend(open.into_iter().map(|name| format!("<{name}> is never closed")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named() {
        let page = "<p id=\"a\"><a href=\"#b\">x</a></p><p id=\"a\">NaN\u{1}";
        assert_eq!(
            problems(page),
            [
                "<p> is never closed",
                "NaN is shown",
                "two elements have the id a",
                "#b leads nowhere",
                "a control character is not shown"
            ]
        );
    }
}
