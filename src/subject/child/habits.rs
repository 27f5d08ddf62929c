//! What an adapter most likely does wrong in each of its answers, as one of them shows. Each mistake has the
//! advice that corrects it.

use serde_json::Value;

/// It writes something that is no answer, or more than its answers.
pub const NOISE: &str = "write nothing but answers to standard output; banners, prompts and debug lines go to \
                         standard error";

/// Its answers come when its input ends.
pub const UNFLUSHED: &str = "flush standard output after each line, and read standard input line by line (Python: \
                             print(line, flush=True) and sys.stdin.readline())";

/// Its answer looks like an object, and is no JSON.
const NO_JSON: &str =
    "write each answer as JSON, one object on one line (Python: json.dumps, not str or repr)";

/// Its lines end as on Windows.
pub const CARRIAGE_RETURN: &str =
    "end each line with LF alone (Python: sys.stdout.reconfigure(newline=\"\\n\"))";

/// It numbers its answers by itself, or not at all.
const SEQ: &str = "repeat the request's `seq` in its answer";

/// It writes the number as text.
const SEQ_TEXT: &str = "write `seq` as a number, as the request has it, not as text";

/// It writes a shape as text.
const SHAPE: &str = "write `shape` as an array of numbers such as [2,3], not as text";

/// It writes hexadecimal digits in capitals.
const CAPITALS: &str = "write hexadecimal digits in lowercase (C: %02x)";

/// What is to be done about `line`, which is no answer to the request numbered `seq`. `None` where it shows no
/// mistake that is known here.
pub fn advice(line: &[u8], seq: u64) -> Option<&'static str> {
    if line.ends_with(b"\r") {
        return Some(CARRIAGE_RETURN);
    }
    let object = match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => object,
        Err(_) if line.trim_ascii_start().starts_with(b"{") => return Some(NO_JSON),
        _ => return Some(NOISE),
    };
    match object.get("seq") {
        Some(Value::String(_)) => return Some(SEQ_TEXT),
        Some(number) if number.as_u64() == Some(seq) => {}
        _ => return Some(SEQ),
    }
    let answer = Value::Object(object);
    if any(&answer, &|key, value| key == "shape" && value.is_string()) {
        return Some(SHAPE);
    }
    let capitals = |key: &str, value: &Value| {
        let hex = matches!(key, "blocks" | "f16" | "bf16" | "f32" | "f64");
        hex && value
            .as_str()
            .is_some_and(|text| text.bytes().any(|digit| digit.is_ascii_uppercase()))
    };
    any(&answer, &capitals).then_some(CAPITALS)
}

/// Whether some member at any depth is as `is_wrong` says.
fn any(value: &Value, is_wrong: &dyn Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(key, member)| is_wrong(key, member) || any(member, is_wrong))
        }
        Value::Array(items) => items.iter().any(|item| any(item, is_wrong)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_advice() {
        for (line, expected) in [
            ("Loading the model ...", Some(NOISE)),
            ("", Some(NOISE)),
            ("[1]", Some(NOISE)),
            ("7", Some(NOISE)),
            ("{'seq': 7, 'unsupported': True}", Some(NO_JSON)),
            (r#" {"seq":7,"result":{"values":NaN}}"#, Some(NO_JSON)),
            ("{\"seq\":7,\"unsupported\":true}\r", Some(CARRIAGE_RETURN)),
            (r#"{"unsupported":true}"#, Some(SEQ)),
            (r#"{"seq":8,"unsupported":true}"#, Some(SEQ)),
            (r#"{"seq":7.5,"unsupported":true}"#, Some(SEQ)),
            (r#"{"seq":"7","unsupported":true}"#, Some(SEQ_TEXT)),
            (r#"{"seq":7,"result":{"tensors":[{"shape":"[3]"}]}}"#, Some(SHAPE)),
            (r#"{"seq":7,"result":{"values":{"f32":"0000A040"}}}"#, Some(CAPITALS)),
            (r#"{"seq":7,"result":{"encoded":{"blocks":"0F"}}}"#, Some(CAPITALS)),
            (r#"{"seq":7,"refused":{"message":"No"},"more":null}"#, None),
            (r#"{"seq":7,"result":{"tensors":[{"shape":[3]}]}}"#, None),
        ] {
            assert_eq!(advice(line.as_bytes(), 7), expected, "{line}");
        }
    }
}
