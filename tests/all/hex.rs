//! Bytes and floats as hex: how they stand in JSON, in a file and before a person.

use q4proof::suite::hex::{Bits, Bits16, Bits64, Bytes};
use q4proof::suite::{Float, Floats};

#[test]
fn source_values_are_carried_little_endian() {
    let halves = || Bits16(vec![0x3c01, 0x8000]);
    let doubles = Floats::F64(Bits64(vec![0x3ff0_0000_0000_0002]));
    assert_eq!(Floats::F16(halves()).to_le_bytes().0, [0x01, 0x3c, 0x00, 0x80]);
    assert_eq!(Floats::Bf16(halves()).to_le_bytes().0, [0x01, 0x3c, 0x00, 0x80]);
    assert_eq!(doubles.to_le_bytes().0, [2, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
}

#[test]
fn hex_is_read_and_written_alike() {
    let bytes = Bytes(vec![0x00, 0x0a, 0xb1, 0xff]);
    assert_eq!(bytes.to_string(), "000ab1ff");
    assert_eq!(format!("{bytes:?}"), "\"000ab1ff\"");
    assert_eq!(Bytes::parse("000ab1ff"), Ok(bytes.clone()));
    assert_eq!(Bytes::parse("000AB1FF"), Ok(bytes.clone()));
    assert_eq!(Bytes::parse(""), Ok(Bytes::default()));
    assert_eq!(Bytes::parse("0ab").unwrap_err(), "hex of 3 digits is not whole bytes");
    assert_eq!(Bytes::parse("0g").unwrap_err(), "'g' is no hex digit");
    assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"000ab1ff\"");

    let bits = Bits::of(&[1.0, -2.0]);
    assert_eq!(bits, Bits(vec![0x3f80_0000, 0xc000_0000]));
    assert_eq!(bits.values(), [1.0, -2.0]);
    assert_eq!(bits.to_string(), "3f800000 c0000000");
    assert_eq!(format!("{bits:?}"), "\"3f800000 c0000000\"");
    assert_eq!(bits.to_le_bytes(), Bytes(vec![0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]));
    assert_eq!(Bits::from_le_bytes(&bits.to_le_bytes()), Ok(bits.clone()));
    let error = Bits::from_le_bytes(&Bytes(vec![0; 7])).unwrap_err();
    assert_eq!(error, "7 bytes are not whole f32 values");

    // In JSON they stand by their bytes.
    let read = |text: &str| serde_json::from_str::<Bits>(&format!("{text:?}"));
    assert_eq!(serde_json::to_string(&bits).unwrap(), "\"0000803f000000c0\"");
    assert_eq!(read("0000803f000000c0").unwrap(), bits);
    assert_eq!(read("").unwrap(), Bits::default());
    for (wrong, words) in [
        ("0000803", "hex of 7 digits is not whole bytes"),
        ("000080", "3 bytes are not whole f32 values"),
        ("0000803f00", "5 bytes are not whole f32 values"),
        ("0000803g", "'g' is no hex digit"),
        ("+000803f", "'+' is no hex digit"),
        ("0000803f,000000c", "',' is no hex digit"),
        ("0000803f 000000c0 ", "' ' is no hex digit"),
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains(words), "{wrong}: {error}");
    }
}

#[test]
fn floats_of_each_width_are_read_and_written_alike() {
    let halves = Bits16(vec![0x3c00, 0x8001]);
    assert_eq!(halves.to_string(), "3c00 8001");
    assert_eq!(halves.to_le_bytes(), Bytes(vec![0x00, 0x3c, 0x01, 0x80]));
    assert_eq!(Bits16::from_le_bytes(&halves.to_le_bytes()), Ok(halves.clone()));
    assert_eq!(
        Bits16::from_le_bytes(&Bytes(vec![1])).unwrap_err(),
        "1 bytes are not whole f16 values"
    );
    assert_eq!(serde_json::to_string(&halves).unwrap(), "\"003c0180\"");
    assert_eq!(serde_json::from_str::<Bits16>("\"003c0180\"").unwrap(), halves);
    assert!(serde_json::from_str::<Bits16>("\"003c018000\"").is_err());

    let doubles = Bits64::of(&[1.0, -2.5]);
    assert_eq!(doubles.to_string(), "3ff0000000000000 c004000000000000");
    assert_eq!(doubles.values(), [1.0, -2.5]);
    assert_eq!(Bits64::from_le_bytes(&doubles.to_le_bytes()), Ok(doubles.clone()));
    assert!(Bits64::from_le_bytes(&Bytes(vec![0; 12])).is_err());
    let text = "\"000000000000f03f00000000000004c0\"";
    assert_eq!(serde_json::to_string(&doubles).unwrap(), text);
    assert_eq!(serde_json::from_str::<Bits64>(text).unwrap(), doubles);
    let (single, double) = (Floats::of(&[1.0; 3]), Floats::F64(doubles));
    assert_eq!((single.len(), double.len()), (3, 2));
    assert!(!single.is_empty() && Floats::of(&[]).is_empty());
    assert_eq!((single.float(), double.float()), (Float::F32, Float::F64));
    assert_eq!((single.to_le_bytes().0.len(), double.to_le_bytes().0.len()), (12, 16));
    // The type is the one key.
    let text = r#"{"f32":"0000803f0000803f0000803f"}"#;
    assert_eq!(serde_json::to_string(&single).unwrap(), text);
    assert_eq!(serde_json::from_str::<Floats>(text).unwrap(), single);
    for wrong in [r#"{"f8":"00"}"#, r#"{"f32":"","f16":""}"#, "{}", r#""0000803f""#] {
        assert!(serde_json::from_str::<Floats>(wrong).is_err(), "{wrong}");
    }
}
