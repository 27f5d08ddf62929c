//! Names of files that can be written.

/// Bytes of the longest name of a file that common file systems take.
const LONGEST: usize = 255;

/// What is wrong with a file's name that no file system takes; `None` of all others.
pub(crate) fn too_long(file: &str) -> Option<String> {
    (file.len() > LONGEST).then(|| {
        format!("its file name would have {} bytes, expected at most {LONGEST}", file.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_255_bytes_is_taken() {
        assert_eq!(too_long(&"a".repeat(255)), None);
        let words = "its file name would have 256 bytes, expected at most 255";
        assert_eq!(too_long(&"\u{e9}".repeat(128)).as_deref(), Some(words));
    }
}
