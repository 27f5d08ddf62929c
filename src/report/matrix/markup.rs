//! A writer of HTML that escapes: text and the values of attributes come in as they are, and cannot
//! leave their place.

/// A document in the making.
pub struct Markup {
    html: String,
    /// The elements that are open.
    open: Vec<&'static str>,
}

/// The attributes of an element.
type Attributes<'a> = [(&'static str, &'a str)];

impl Markup {
    /// A document with a title and a sheet of styles, which has to be CSS of one's own.
    pub fn document(title: &str, style: &'static str) -> Self {
        let mut markup = Self { html: "<!DOCTYPE html>\n".to_owned(), open: Vec::new() };
        markup.open("html", &[("lang", "en")]);
        markup.open("head", &[]);
        markup.html.push_str("<meta charset=\"utf-8\">\n");
        markup
            .html
            .push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        markup.element("title", &[], title);
        markup.open("style", &[]);
        markup.html.push_str(style);
        markup.close();
        markup.close();
        markup.open("body", &[]);
        markup
    }

    /// Opens an element.
    pub fn open(&mut self, tag: &'static str, attributes: &Attributes) {
        self.html.push('<');
        self.html.push_str(tag);
        for (name, value) in attributes {
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            self.text(value);
            self.html.push('"');
        }
        self.html.push('>');
        self.open.push(tag);
    }

    /// Closes the element that was opened last.
    pub fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.html.push_str("</");
            self.html.push_str(tag);
            // A new line only where none is shown.
            self.html.push_str(if matches!(tag, "a" | "code" | "small" | "span") {
                ">"
            } else {
                ">\n"
            });
        }
    }

    /// An element that holds nothing but text.
    pub fn element(&mut self, tag: &'static str, attributes: &Attributes, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close();
    }

    /// A table of a class, with the headings of its columns, that can be wider than the page.
    pub fn table(&mut self, class: &str, headings: &[&str], body: impl FnOnce(&mut Self)) {
        self.open("div", &[("class", "wide")]);
        self.open("table", &[("class", class)]);
        self.open("thead", &[]);
        self.open("tr", &[]);
        for heading in headings {
            self.element("th", &[("scope", "col")], heading);
        }
        self.close();
        self.close();
        self.open("tbody", &[]);
        body(self);
        for _ in ["tbody", "table", "div"] {
            self.close();
        }
    }

    /// What is folded away behind its summary.
    pub fn folded(&mut self, summary: &str, body: impl FnOnce(&mut Self)) {
        self.open("details", &[]);
        self.element("summary", &[], summary);
        body(self);
        self.close();
    }

    /// A link to a place on the page.
    pub fn link(&mut self, anchor: &str, text: &str) {
        self.element("a", &[("href", &format!("#{anchor}"))], text);
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                other => self.html.push(other),
            }
        }
    }

    /// The document, with all that is open closed.
    pub fn end(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_leave_their_place() {
        let mut markup = Markup { html: String::new(), open: Vec::new() };
        markup.element("a", &[("href", "\"><script>")], "</a><script>'&");
        let expected =
            "<a href=\"&quot;&gt;&lt;script&gt;\">&lt;/a&gt;&lt;script&gt;&#39;&amp;</a>";
        assert_eq!(markup.end(), expected);
    }

    #[test]
    fn what_is_open_is_closed_at_the_end() {
        let html = Markup::document("a", "").end();
        assert!(html.ends_with("</body>\n</html>\n"), "{html}");
    }
}
