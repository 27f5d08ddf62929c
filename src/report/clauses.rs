//! The titles of the clauses, from SPEC.md itself.

/// SPEC.md, as the command carries it.
pub const SPEC: &str = include_str!("../../conformance/SPEC.md");

/// The ids of all clauses, in the order of SPEC.md.
pub fn all() -> impl Iterator<Item = &'static str> {
    headings().map(|(id, _)| id)
}

/// The title of the clause `id`: what stands behind `### ID ·`.
pub fn title(id: &str) -> Option<&'static str> {
    headings().find_map(|(found, title)| (found == id).then_some(title))
}

/// The text of the clause `id`, its heading included.
pub fn text(id: &str) -> Option<String> {
    let heading = format!("### {id} · ");
    let mut lines = SPEC.lines().skip_while(|line| !line.starts_with(&heading));
    let first = lines.next()?.trim_start_matches("### ");
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
    Some(format!("{first}\n{}\n", body.join("\n").trim_end()))
}

fn headings() -> impl Iterator<Item = (&'static str, &'static str)> {
    SPEC.lines().filter_map(|line| line.strip_prefix("### ")?.split_once(" · "))
}

/// `ID · title`, or the id alone where SPEC.md has no such clause.
pub fn heading(id: &str) -> String {
    title(id).map_or_else(|| id.to_owned(), |title| format!("{id} · {title}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_found_by_the_whole_id() {
        assert_eq!(title("BLK-1"), Some("Layout"));
        assert_eq!(title("KHQ4-H6"), Some("A product that overflows"));
        assert_eq!(heading("ENC-A1"), "ENC-A1 · Asymmetric: minimum and maximum");
        assert_eq!(title("KHQ4-H"), None);
        assert_eq!(heading("XYZ-9"), "XYZ-9");
    }
}
