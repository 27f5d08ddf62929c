//! Patterns over the ids of cases.

/// Whether `pattern` matches the whole of `id`: a `*` takes any characters, a `?` takes one.
pub fn matches(pattern: &str, id: &str) -> bool {
    let id: Vec<char> = id.chars().collect();
    // Whether what was read of the pattern matches the first so many characters of the id.
    let mut matched = vec![false; id.len() + 1];
    matched[0] = true;
    for character in pattern.chars() {
        if character == '*' {
            let shortest = matched.iter().position(|&matches| matches).unwrap_or(matched.len());
            matched[shortest..].fill(true);
        } else {
            for (at, &own) in id.iter().enumerate().rev() {
                matched[at + 1] = matched[at] && (character == '?' || character == own);
            }
            matched[0] = false;
        }
    }
    matched[id.len()]
}

/// Whether a text is a pattern, and not an id.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}
