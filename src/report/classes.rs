//! The classes of bugs that vectors guard against, by the number in a vector's `class`.

/// Each class in a few words; the first is class 1.
const CLASSES: [&str; 69] = [
    // Envelope
    "file ends inside the header",
    "wrong magic, or another format's",
    "magic or fields byte-swapped",
    "version 0, retired, future or byte-swapped",
    "bytes behind the payload",
    "writer emits what its reader refuses",
    "directory, FIFO, device or socket for a file",
    "dangling link or missing file",
    // Counts and sizes
    "ndim x 8 wraps or exceeds the file",
    "count impossible for the bytes that remain",
    "count checked with one block size, used with another",
    "huge original_len, allocated before it is checked",
    "count x size wraps to a small number",
    "ceil(n/32) wraps",
    "end of the payload wraps",
    "product of the shape overflows",
    "product of the shape is 0 mod 2^64",
    "zero dimension after a prefix that overflows",
    "u64 cut to 32 bits",
    "length read as signed",
    // Shape
    "zero dimension",
    "ndim 0",
    "product of the shape is not original_len",
    "shape differs from the required one",
    "guard in an assertion that release builds drop",
    // Payload
    "payload cut short",
    "map checks the header only",
    "file changed after it was mapped",
    "scale NaN, infinite or zero",
    "bias NaN or infinite",
    "negative scale",
    "subnormal or maximal scale or bias",
    "padding is looked at, or handed on",
    "output partly unwritten: stale memory shows",
    "payload of another extent in a raw decode",
    "f16 value lost: NaN or infinity kept, subnormal or sign of zero dropped",
    // Codec arithmetic
    "minimum and maximum over zero padding",
    "NaN slips through a comparison",
    "range too small for f16: scale stored as 0",
    "scale or bias overflows f16",
    "symmetric zero point in an asymmetric block, bias ignored",
    "nibble order swapped or split-half",
    "scale and bias in another byte order",
    "another rounding of nibbles, scale or reciprocal",
    "blocks begun anew for each row",
    "source cut to bf16 on the way",
    "shape and number of values disagree at encode",
    "f16 subnormals flushed",
    "f16 overflows silently",
    // Kernels
    "last rows never written",
    "columns that are no multiple of 32 cut off",
    "32-bit row offset wraps",
    "bias dropped, or counted once a lane",
    "absolute scale, or a zero scale, used",
    "comparison that drops NaN and passes",
    // Rotation
    "sign stream off by one state, or of another seed",
    "apply used for its inverse, or on the other side",
    "1/sqrt(n) missing or applied twice",
    "runs without seeds of their own, or with shifted ones",
    "norm not folded before rotating",
    "NaN passes the equivalence gate",
    "rotation skipped where the seed is missing",
    // Directory and index
    "`..`, absolute or empty path of a file",
    "link out of the directory",
    "two names, one file",
    "index too large, too deep, not JSON, or of another shape",
    "array form and object form mistaken",
    "tensor missing, or named twice",
    "config.json missing: another model's default used",
];

/// The class of a subject that answers the same question in two ways.
pub const NOT_REPRODUCIBLE: u8 = 92;

/// The first class of [`LATER`]: those between are bugs of the harness, which no vector guards against.
const FIRST_LATER: u8 = 78;

/// The classes from 78 on.
const LATER: [&str; 30] = [
    // Numbers, sizes, places, state
    "one exponent, rounding carry or code wrong",
    "wrong behind some block, row, value or tensor only",
    "index of 8, 12 or 16 bits wraps",
    "tile remainder, small batch, or several vectors",
    "integer taken through a double, or read as signed",
    "fixed field compared in part",
    "something in front of the file passed over",
    "newline or alignment padding behind the file accepted",
    "save over a file: appended, not cut, or the old file lost",
    "write error ignored",
    "path mangled",
    "name mangled",
    "stale answer",
    "input changed, locked or deleted",
    "answer that is not reproducible",
    "descriptors or memory leak over a pass",
    "memory reserved by a header's claim",
    // Other blocks
    "split halves read as pairs, or pairs as halves",
    "block header of the wrong size",
    "doubled table without the halved scale",
    "exponent of a scale off by one, or a special code misread",
    "scale of the tensor forgotten or applied twice",
    "scales and minima of a super block in the wrong order",
    "contraction to a fused operation",
    "rounding by a magic constant, or away from zero where even is asked",
    "codes of a zero block left unwritten",
    "-0 lost or invented",
    "term dropped below an 8-bit kernel's bound",
    "element count narrowed to 32 bits",
    "geometry of a type wrong in a table",
];

/// The class in a few words, where there is one of that number.
pub fn name(class: u8) -> Option<&'static str> {
    match class.checked_sub(FIRST_LATER) {
        Some(later) => LATER.get(usize::from(later)).copied(),
        None => CLASSES.get(usize::from(class).checked_sub(1)?).copied(),
    }
}

/// `class 14: ceil(n/32) wraps`.
pub fn heading(class: u8) -> String {
    match name(class) {
        Some(name) => format!("class {class}: {name}"),
        None => format!("class {class}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_with_1() {
        assert_eq!(name(0), None);
        assert_eq!(heading(14), "class 14: ceil(n/32) wraps");
        assert_eq!(heading(37), "class 37: minimum and maximum over zero padding");
        assert_eq!(heading(55), "class 55: comparison that drops NaN and passes");
        assert_eq!(heading(60), "class 60: norm not folded before rotating");
        assert_eq!(heading(69), "class 69: config.json missing: another model's default used");
        assert_eq!(heading(70), "class 70");
        assert_eq!(heading(77), "class 77");
        assert_eq!(heading(78), "class 78: one exponent, rounding carry or code wrong");
        assert_eq!(
            heading(98),
            "class 98: exponent of a scale off by one, or a special code misread"
        );
        assert_eq!(heading(104), "class 104: -0 lost or invented");
        assert_eq!(heading(107), "class 107: geometry of a type wrong in a table");
        assert_eq!(name(NOT_REPRODUCIBLE), Some("answer that is not reproducible"));
        assert_eq!(name(108), None);
    }
}
