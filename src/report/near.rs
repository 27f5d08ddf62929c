//! What a word was meant to be: the nearest of the words that there are.

/// Of `known`, the word that is nearest to `word`, where it is near: at most a third of its letters, rounded up, have to
/// be changed, added, removed or swapped with their neighbours. Capitals make no difference.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let most = word.len().div_ceil(3);
    let distance = |known: &str| {
        let known: Vec<char> = known.to_lowercase().chars().collect();
        if known.len().abs_diff(word.len()) > most { usize::MAX } else { distance(&word, &known) }
    };
    let nearest = known.into_iter().map(|known| (distance(known), known)).min_by_key(|near| near.0);
    nearest.filter(|(distance, _)| *distance <= most).map(|(_, known)| known)
}

/// The letters that have to be changed, added, removed or swapped to make one word of the other (optimal string
/// alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let (mut before, mut last) = (Vec::new(), (0..=other.len()).collect::<Vec<_>>());
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, opposite) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != opposite);
            let mut least = changed.min(last[column + 1] + 1).min(next[column] + 1);
            let is_swapped =
                row > 0 && column > 0 && one[row - 1] == *opposite && other[column - 1] == *letter;
            if is_swapped {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        (before, last) = (last, next);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_changed_added_removed_and_swapped() {
        for (one, other, expected) in [
            ("load", "load", 0),
            ("lode", "load", 2),
            ("laod", "load", 1),
            ("load", "loads", 1),
            ("loads", "load", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(one), &letters(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_a_word_that_is_near_is_meant() {
        let known = ["decode:khq4", "encode:khq4", "load:khq4"];
        assert_eq!(nearest("LOAD:khq4", known), Some("load:khq4"));
        assert_eq!(nearest("dceode:khq4", known), Some("decode:khq4"));
        assert_eq!(nearest("load", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
