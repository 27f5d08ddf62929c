//! Patterns over the ids of cases.

/// Whether `pattern` matches the whole of `id`: a `*` takes any characters, a `?` takes one.
pub fn matches(pattern: &str, id: &str) -> bool {
    let (pattern, id): (Vec<char>, Vec<char>) = (pattern.chars().collect(), id.chars().collect());
    // Where the last star stood, and how much of the id it has taken.
    let (mut at, mut in_id, mut star) = (0, 0, None);
    while in_id < id.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_id));
                at += 1;
            }
            Some(&character) if character == '?' || character == id[in_id] => {
                at += 1;
                in_id += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    in_id = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&character| character == '*')
}

/// Whether a text is a pattern, and not an id.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}
