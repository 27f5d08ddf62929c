//! JSON (RFC 8259) as far as SPEC IDX looks at it. All of a text is checked; containers are kept to the
//! depth of a tensor's shape, and what is deeper is passed over without recursion.

/// Containers within containers that are kept: an object, its tensors, a tensor, a shape.
const KEPT: usize = 4;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    /// In the order of the text, a key that is there twice included.
    Object(Vec<(String, Json)>),
    /// A container below those that are kept.
    Deep,
}

/// A text that is JSON.
#[derive(Debug)]
pub(super) struct Document {
    pub value: Json,
    /// Containers within containers, at the deepest place.
    pub depth: usize,
    /// Whether an escape is half of a surrogate pair without the other half.
    pub half_pairs: bool,
}

/// `None` where the bytes are not JSON in UTF-8.
pub(super) fn parse(bytes: &[u8]) -> Option<Document> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader { rest: text.as_bytes(), depth: 0, half_pairs: false };
    let value = reader.value(0)?;
    reader.space();
    let Reader { rest, depth, half_pairs } = reader;
    rest.is_empty().then_some(Document { value, depth, half_pairs })
}

struct Reader<'a> {
    /// What was not read yet.
    rest: &'a [u8],
    depth: usize,
    half_pairs: bool,
}

impl Reader<'_> {
    fn space(&mut self) {
        let count = self.rest.iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
        self.rest = &self.rest[count..];
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        self.space();
        self.byte()
    }

    /// Passes over `text` where that is next.
    fn take(&mut self, text: &[u8]) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    /// Passes over white space, and over the end of a container where that is next.
    fn ends(&mut self, end: u8) -> bool {
        self.space();
        self.take(&[end])
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.space();
        match self.rest.first()? {
            b'{' | b'[' if depth >= KEPT => self.pass(depth).map(|()| Json::Deep),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.depth = self.depth.max(depth);
        self.next();
        let mut members = Vec::new();
        if self.ends(b'}') {
            return Some(Json::Object(members));
        }
        loop {
            let key = self.key()?;
            members.push((key, self.value(depth)?));
            match self.next()? {
                b',' => {}
                b'}' => return Some(Json::Object(members)),
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        self.depth = self.depth.max(depth);
        self.next();
        let mut items = Vec::new();
        if self.ends(b']') {
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            match self.next()? {
                b',' => {}
                b']' => return Some(Json::Array(items)),
                _ => return None,
            }
        }
    }

    /// A container, whatever it holds: what it is nested in stands on a stack of its own.
    fn pass(&mut self, depth: usize) -> Option<()> {
        let mut closing = Vec::new();
        loop {
            self.space();
            let opened = if self.take(b"{") {
                Some(b'}')
            } else if self.take(b"[") {
                Some(b']')
            } else {
                None
            };
            let mut value_is_next = false;
            match opened {
                Some(end) => {
                    self.depth = self.depth.max(depth + closing.len() + 1);
                    if !self.ends(end) {
                        closing.push(end);
                        value_is_next = true;
                    }
                }
                None => drop(self.scalar()?),
            }
            while !value_is_next {
                match (closing.last(), closing.is_empty()) {
                    (_, true) => return Some(()),
                    (Some(&end), _) => match self.next()? {
                        b',' => value_is_next = true,
                        byte if byte == end => drop(closing.pop()),
                        _ => return None,
                    },
                    (None, _) => return None,
                }
            }
            if closing.last() == Some(&b'}') {
                self.key()?;
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        let key = (self.next()? == b'"').then(|| self.text())??;
        (self.next()? == b':').then_some(key)
    }

    fn scalar(&mut self) -> Option<Json> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.take(word.as_bytes()) {
                return Some(value);
            }
        }
        if self.take(b"\"") {
            return self.text().map(Json::Text);
        }
        self.number()
    }

    fn digits(&mut self) -> usize {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        count
    }

    fn number(&mut self) -> Option<Json> {
        let whole = self.rest;
        self.take(b"-");
        let leading_zero = self.rest.starts_with(b"0");
        let digits = self.digits();
        if digits == 0 || leading_zero && digits > 1 {
            return None;
        }
        if self.take(b".") && self.digits() == 0 {
            return None;
        }
        if self.take(b"e") || self.take(b"E") {
            let _signed = self.take(b"+") || self.take(b"-");
            if self.digits() == 0 {
                return None;
            }
        }
        let number = whole.strip_suffix(self.rest)?;
        Some(Json::Number(String::from_utf8_lossy(number).into_owned()))
    }

    /// The rest of a string behind its opening quotation mark.
    fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.byte()? {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let escaped = self.escape()?;
                    text.extend(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..0x20 => return None,
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.byte()? {
            byte @ (b'"' | b'\\' | b'/') => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let mut units = vec![first];
                let alone = self.rest;
                if (0xd800..0xdc00).contains(&first) && self.take(b"\\u") {
                    match self.unit()? {
                        second @ 0xdc00..0xe000 => units.push(second),
                        _ => self.rest = alone,
                    }
                }
                char::decode_utf16(units).next()?.unwrap_or_else(|_| {
                    self.half_pairs = true;
                    char::REPLACEMENT_CHARACTER
                })
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.rest = rest;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
}
