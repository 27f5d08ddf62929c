//! KHQ4-H: the header.

use q4proof::format::khq4::Header;
use q4proof::format::{AddressWidth, Class};

use super::{
    BLOCK, TWO_32, WIDTHS, accepted, at_once, bits, block, example, file, file_of, hex, refused,
    says, sound, verdict,
};

use AddressWidth::{Bits32, Bits64};

#[test]
fn khq4_h1_the_magic_is_khq4() {
    for width in WIDTHS {
        accepted(&example(), width);
        for at in 0..4 {
            for bit in 0..8 {
                let mut bytes = example();
                bytes[at] ^= 1 << bit;
                refused(&bytes, width, Class::Magic, 0, &["magic", "expected \"KHQ4\""]);
            }
        }
        for magic in [*b"4QHK", *b"khq4", *b"GGUF", [0; 4], [0xff; 4]] {
            let mut bytes = example();
            bytes[..4].copy_from_slice(&magic);
            refused(&bytes, width, Class::Magic, 0, &["magic", "expected \"KHQ4\""]);
        }
    }
}

#[test]
fn khq4_h2_the_version_is_2_and_version_1_is_known() {
    // 2^25 is 2 in the other byte order, 2 + 2^16 is 2 in its lower half.
    for width in WIDTHS {
        accepted(&example(), width);
        for version in [0, 3, 4, 257, 2 + (1 << 16), 1 << 24, 1 << 25, u32::MAX] {
            let mut bytes = example();
            bytes[4..8].copy_from_slice(&version.to_le_bytes());
            let found = format!("version is {version}");
            refused(&bytes, width, Class::Version, 4, &[&found, "expected 2"]);
        }
        let mut bytes = example();
        bytes[4] = 1;
        let words = ["version is 1", "18-byte", "quantize again"];
        refused(&bytes, width, Class::LegacyVersion, 4, &words);
    }
}

#[test]
fn khq4_h3_the_table_of_dimensions_fits_in_the_file() {
    // No other bound: 10000 ones are a shape like any other.
    for ndim in [0, 1, 2, 8, 9, 255, 256, 4096, 10_000] {
        let tensor = accepted(&file(&vec![1; ndim], 1, &BLOCK), Bits64);
        assert_eq!(tensor.shape, vec![1; ndim]);
    }
    // 48 bytes: 12 + 8 * 4 leaves no room for original_len, 12 + 8 * 5 none for the table.
    let with_ndim = |ndim: u32| {
        let mut bytes = example();
        bytes[8..12].copy_from_slice(&ndim.to_le_bytes());
        bytes
    };
    for width in WIDTHS {
        let words = ["ndim is 4", "52 bytes", "48"];
        refused(&with_ndim(4), width, Class::TruncatedHeader, 48, &words);
        // A table of 5 ends at 52; one of 4 and a half would end with the file.
        for (ndim, end) in [(5, "52"), (6, "60"), (7, "68")] {
            let words = [&format!("ndim is {ndim}: its table ends at {end}")[..], "48 bytes"];
            refused(&with_ndim(ndim), width, Class::Dimensions, 8, &words);
        }
        let ends_with_its_table = &with_ndim(4)[..44];
        refused(ends_with_its_table, width, Class::TruncatedHeader, 44, &["52 bytes", "44"]);
        refused(&ends_with_its_table[..43], width, Class::Dimensions, 8, &["ends at 44", "43"]);
    }
}

#[test]
fn khq4_h3_a_huge_ndim_is_refused_before_it_is_multiplied_or_allocated() {
    // 8 (2^29 - 1) = 2^32 - 8 fits 32 bits; from 2^29 on the product wraps: 2^29 looks like 0
    // dimensions, 2^29 + 1 like 1. What follows would be lawful for the ndim it wraps to.
    let scalar = file_of(1 << 29, &[], 1, &BLOCK);
    let vector = file_of((1 << 29) + 1, &[3], 3, &BLOCK);
    for bytes in [&scalar, &vector] {
        refused(bytes, Bits32, Class::Overflow, 8, &["ndim is 53687091", "overflows an address"]);
        refused(bytes, Bits64, Class::Dimensions, 8, &["ndim is 53687091"]);
    }
    let most = file_of((1 << 29) - 1, &[], 1, &BLOCK);
    for width in WIDTHS {
        refused(&most, width, Class::Dimensions, 8, &["ndim is 536870911", "4294967300"]);
    }
    // 12 + 8 (2^32 - 1) = 34359738372.
    let huge = file_of(u32::MAX, &[3], 3, &BLOCK);
    at_once(move || {
        let words = ["ndim is 4294967295", "34359738372"];
        refused(&huge, Bits64, Class::Dimensions, 8, &words);
    });
}

#[test]
fn khq4_h4_dimensions_and_original_len_are_u64_little_endian() {
    assert_eq!(file(&[3], 3, &BLOCK), example());
    // 258 = 0x0102, nine blocks; 2^40 needs the sixth byte.
    let bytes = [
        hex("4b485134 02000000 01000000 0201000000000000 0201000000000000"),
        sound(9), // 258 = 8 * 32 + 2
    ]
    .concat();
    assert_eq!(accepted(&bytes, Bits64).shape, [258]);
    assert_eq!(accepted(&bytes, Bits64).values.len(), 258);
    let bytes =
        hex("4b485134 02000000 02000000 0000000000010000 0000000000000000 0000000000000000");
    assert_eq!(accepted(&bytes, Bits64).shape, [1 << 40, 0]);
    assert_eq!(Header { shape: vec![1 << 40, 0], original_len: 0 }.to_bytes(), bytes);
}

#[test]
fn khq4_h4_a_file_that_ends_in_its_header_is_refused() {
    // ndim 2: the header is 20 + 16 = 36 bytes, the shape's product 0, so that 36 is a whole file.
    let whole = file(&[0, 5], 0, &[]);
    assert_eq!(whole.len(), 36);
    for width in WIDTHS {
        assert_eq!(accepted(&whole, width).shape, [0, 5]);
        for len in 0..36 {
            let error = verdict(&whole[..len], width).expect_err("ends in its header");
            match len {
                // No table fits in what is there, so that both are right.
                12..28 => assert!(
                    [Class::TruncatedHeader, Class::Dimensions].contains(&error.class),
                    "{len}: {error}"
                ),
                _ => assert_eq!(error.class, Class::TruncatedHeader, "{len}: {error}"),
            }
            if error.class == Class::TruncatedHeader {
                assert_eq!(error.offset, len as u64, "the fault lies where the file ends: {error}");
            }
        }
        refused(&whole[..7], width, Class::TruncatedHeader, 7, &["end of version", "7 bytes"]);
        refused(&whole[..11], width, Class::TruncatedHeader, 11, &["end of ndim", "11 bytes"]);
        refused(&whole[..35], width, Class::TruncatedHeader, 35, &["ndim is 2", "36", "35"]);
    }
}

#[test]
fn khq4_h5_product_of_the_shape_is_original_len() {
    for width in WIDTHS {
        assert_eq!(accepted(&file(&[2, 3], 6, &BLOCK), width).shape, [2, 3]);
        // original_len lies behind two dimensions, at 12 + 16; one block suits all of these.
        for wrong in [1, 5, 7, 32] {
            let found = format!("original_len is {wrong}");
            let words = [found.as_str(), "holds 6"];
            refused(&file(&[2, 3], wrong, &BLOCK), width, Class::ShapeMismatch, 28, &words);
        }
        // The empty product is 1.
        let scalar = accepted(&file(&[], 1, &BLOCK), width);
        assert_eq!((scalar.shape, scalar.values), (vec![], bits(&[5.0])));
        let words = ["original_len is 2", "holds 1"];
        refused(&file(&[], 2, &BLOCK), width, Class::ShapeMismatch, 12, &words);
        let words = ["original_len is 0", "holds 1"];
        refused(&file(&[], 0, &[]), width, Class::ShapeMismatch, 12, &words);
    }
}

#[test]
fn khq4_h6_a_product_that_overflows_is_refused_where_it_does() {
    // Wrapped, the products would be 0, 0, 1 and 2^33: each file is lawful to who wraps.
    let half = 1 << 63;
    for (shape, original_len, at) in [
        (vec![TWO_32, TWO_32], 0, 20),
        (vec![TWO_32, 1 << 31, 2], 0, 28),
        (vec![u64::MAX, u64::MAX], 1, 20),
        (vec![2, half], 0, 20),
        // 2^64 - 1 = 3 * 6148914691236517205, so one more is the first that overflows (by 2).
        (vec![3, 6_148_914_691_236_517_206], 2, 20),
    ] {
        let payload = sound(usize::from(original_len > 0));
        let bytes = file(&shape, original_len, &payload);
        let place = format!("overflows at shape[{}]", (at - 12) / 8);
        refused(&bytes, Bits64, Class::Overflow, at, &[&place]);
    }
    // Exactly MAXW does not overflow; there is no payload for it.
    for shape in [vec![3, 6_148_914_691_236_517_205], vec![TWO_32 - 1, TWO_32 + 1]] {
        let class = Class::TruncatedPayload;
        refused(&file(&shape, u64::MAX, &[]), Bits64, class, 36, &["18446744073709551615"]);
    }
    // The same fold where a header is made for a shape.
    let error = Header::for_shape(&[7, TWO_32, TWO_32], Bits64).expect_err("no such product");
    says(&error, Class::Overflow, 28, &["overflows at shape[2]"]);
    let made = Header { shape: vec![65535, 65537], original_len: TWO_32 - 1 };
    assert_eq!(Header::for_shape(&[65535, 65537], Bits32), Ok(made));
    // W = 32: 65536^2 = 2^32 wraps to 0; 65535 * 65537 = 2^32 - 1 is the most that fits.
    let bytes = file(&[65536, 65536], 0, &[]);
    refused(&bytes, Bits32, Class::Overflow, 20, &["overflows at shape[1]"]);
    refused(&bytes, Bits64, Class::ShapeMismatch, 28, &["holds 4294967296"]);
    let bytes = file(&[65535, 65537], TWO_32 - 1, &[]);
    refused(&bytes, Bits32, Class::TruncatedPayload, 36, &["4294967295"]);
}

#[test]
fn khq4_h6_a_zero_ends_the_fold_where_it_stands() {
    let empty = |shape: &[u64]| file(shape, 0, &[]);
    for shape in [[0, 1 << 33, 1 << 33], [1 << 33, 0, 1 << 33], [1 << 63, 0, u64::MAX]] {
        assert_eq!(accepted(&empty(&shape), Bits64).shape, shape);
    }
    // `fold-left`: the prefix overflows before the zero is met. 2^17 * 2^17 = 2^34.
    let late = [1 << 33, 1 << 33, 0];
    refused(&empty(&late), Bits64, Class::Overflow, 20, &["overflows at shape[1]"]);
    let narrow = [1 << 17, 1 << 17, 0];
    refused(&empty(&narrow), Bits32, Class::Overflow, 20, &["overflows at shape[1]"]);
    assert_eq!(accepted(&empty(&narrow), Bits64).shape, narrow);
    // And a zero does not excuse an original_len.
    let bytes = file(&[0, 1 << 33, 1 << 33], 1, &BLOCK);
    refused(&bytes, Bits64, Class::ShapeMismatch, 36, &["original_len is 1", "holds 0"]);
}

#[test]
fn khq4_h7_a_zero_dimension_makes_an_empty_tensor() {
    for width in WIDTHS {
        for shape in [&[0][..], &[0, 5], &[5, 0], &[2, 0, 3], &[0, 0], &[0, TWO_32 - 1]] {
            let tensor = accepted(&file(shape, 0, &[]), width);
            assert_eq!(tensor.shape, shape);
            assert!(tensor.payload.is_empty() && tensor.values.is_empty());
        }
        // The payload is empty, not a block of padding: it ends with the header, at 28.
        refused(&file(&[0], 0, &BLOCK), width, Class::TrailingBytes, 28, &["28"]);
        let words = ["original_len is 3", "holds 0"];
        refused(&file(&[0], 3, &BLOCK), width, Class::ShapeMismatch, 20, &words);
        let words = ["original_len is 0", "holds 3"];
        refused(&file(&[3], 0, &[]), width, Class::ShapeMismatch, 20, &words);
    }
}

#[test]
fn khq4_h8_every_u64_of_the_header_fits_an_address() {
    let most = TWO_32 - 1;
    for (shape, wide) in [(vec![most, 0], false), (vec![TWO_32, 0], true)] {
        let bytes = file(&shape, 0, &[]);
        assert_eq!(accepted(&bytes, Bits64).shape, shape);
        if wide {
            refused(&bytes, Bits32, Class::Overflow, 12, &["shape[0] is 4294967296"]);
        } else {
            assert_eq!(accepted(&bytes, Bits32).shape, shape);
        }
    }
    // A zero before it is no excuse: every u64 must fit. Its lower half alone would be 5.
    let bytes = file(&[0, TWO_32 + 5], 0, &[]);
    refused(&bytes, Bits32, Class::Overflow, 20, &["shape[1] is 4294967301"]);
    assert_eq!(accepted(&bytes, Bits64).shape, [0, TWO_32 + 5]);
    // original_len: its lower half would be right.
    let bytes = file(&[3], TWO_32 + 3, &BLOCK);
    refused(&bytes, Bits32, Class::Overflow, 20, &["original_len is 4294967299"]);
    refused(&bytes, Bits64, Class::ShapeMismatch, 20, &["4294967299", "holds 3"]);
    let bytes = file(&[TWO_32 + 3], 3, &BLOCK);
    refused(&bytes, Bits32, Class::Overflow, 12, &["shape[0] is 4294967299"]);
}

#[test]
fn khq4_h8_the_number_of_blocks_does_not_wrap() {
    // (n + 31) / 32 wraps from 2^W - 31 on and then finds 0 blocks.
    for back in [32, 31, 30, 16, 2, 1] {
        let wide = u64::MAX - back + 1;
        let narrow = TWO_32 - back;
        let class = Class::TruncatedPayload;
        let count = wide.to_string();
        refused(&file(&[wide], wide, &[]), Bits64, class, 28, &[&count]);
        let count = narrow.to_string();
        refused(&file(&[narrow], narrow, &[]), Bits32, class, 28, &[&count]);
        refused(&file(&[narrow], narrow, &BLOCK), Bits64, class, 48, &[&count]);
    }
}

#[test]
fn khq4_h8_sizes_do_not_wrap() {
    // ceil(n / 32) * 20 for the largest n, as the clause has it; a header of one dimension is 28.
    let header = |n: u64| Header { shape: vec![n], original_len: n };
    assert_eq!(header(u64::MAX).payload_len(), 11_529_215_046_068_469_760);
    assert_eq!(header(u64::MAX).file_len(), 11_529_215_046_068_469_788);
    assert_eq!(header(TWO_32 - 1).payload_len(), 2_684_354_560);
    assert_eq!(header(TWO_32 - 1).file_len(), 2_684_354_588);
    // 8 ndim: 2^29 - 1 is the last that fits 32 bits, and u32::MAX * 8 = 34359738360 fits 64.
    assert_eq!(Bits32.multiply(8, (1 << 29) - 1), Some(4_294_967_288));
    assert_eq!(Bits32.multiply(8, 1 << 29), None);
    assert_eq!(Bits64.multiply(8, u64::from(u32::MAX)), Some(34_359_738_360));
    assert_eq!(Bits64.multiply(TWO_32, TWO_32), None);
    assert_eq!((Bits32.max(), Bits64.max()), (4_294_967_295, 18_446_744_073_709_551_615));
    assert_eq!((Bits32.fit(TWO_32 - 1), Bits32.fit(TWO_32)), (Some(TWO_32 - 1), None));
}

#[test]
fn khq4_h8_the_widths_agree_on_what_fits_both() {
    for (shape, original_len) in [(vec![], 1), (vec![3], 3), (vec![2, 40], 80), (vec![65, 0], 0)] {
        let blocks = [0, 1, 3][match original_len {
            0 => 0,
            80 => 2,
            _ => 1,
        }];
        let payload = block(0x3c00, 0xbc00, 0x5a).repeat(blocks);
        let bytes = file(&shape, original_len, &payload);
        assert_eq!(accepted(&bytes, Bits32), accepted(&bytes, Bits64));
    }
}
