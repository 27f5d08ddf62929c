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
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, depth: 0, half_pairs: false };
    let value = reader.value(0)?;
    reader.space();
    (reader.at == bytes.len()).then_some(Document {
        value,
        depth: reader.depth,
        half_pairs: reader.half_pairs,
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    half_pairs: bool,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, passed over.
    fn next(&mut self) -> Option<u8> {
        self.space();
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// Passes over the next byte where it is this one.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.space();
        match self.bytes.get(self.at)? {
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
        if self.take(b'}') {
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
        if self.take(b']') {
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
            let opened = match self.bytes.get(self.at)? {
                b'{' => Some(b'}'),
                b'[' => Some(b']'),
                _ => None,
            };
            let mut value_is_next = false;
            match opened {
                Some(end) => {
                    self.at += 1;
                    self.depth = self.depth.max(depth + closing.len() + 1);
                    if !self.take(end) {
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
            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Some(value);
            }
        }
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return self.text().map(Json::Text);
        }
        self.number()
    }

    fn digits(&mut self) -> usize {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Option<Json> {
        let begin = self.at;
        let is = |reader: &Self, bytes: &[u8]| {
            reader.bytes.get(reader.at).is_some_and(|byte| bytes.contains(byte))
        };
        self.at += usize::from(is(self, b"-"));
        let leading_zero = is(self, b"0");
        let digits = self.digits();
        if digits == 0 || leading_zero && digits > 1 {
            return None;
        }
        if is(self, b".") {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        if is(self, b"eE") {
            self.at += 1;
            self.at += usize::from(is(self, b"+-"));
            if self.digits() == 0 {
                return None;
            }
        }
        Some(Json::Number(String::from_utf8_lossy(&self.bytes[begin..self.at]).into_owned()))
    }

    /// The rest of a string behind its opening quotation mark.
    fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
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
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
                    let before = self.at;
                    self.at += 2;
                    match self.unit()? {
                        second @ 0xdc00..0xe000 => units.push(second),
                        _ => self.at = before,
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
        let digits = self.bytes.get(self.at..self.at + 4)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.at += 4;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
}
