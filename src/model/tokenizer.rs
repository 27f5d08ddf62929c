//! Text to tokens and back, by Hugging Face's own tokenizer, and a text that grows by whole characters.

use std::path::Path;

use tokenizers::Tokenizer as Inner;

use super::ModelError;

/// The tokenizer's name in a model directory.
pub const FILE: &str = "tokenizer.json";

/// The tokenizer of a model.
pub struct Tokenizer {
    inner: Inner,
}

impl Tokenizer {
    /// The tokenizer in `directory`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is none.
    pub fn open(directory: &Path) -> Result<Self, ModelError> {
        let path = directory.join(FILE);
        let inner = Inner::from_file(&path).map_err(|error| ModelError::file(&path, error))?;
        Ok(Self { inner })
    }

    /// The tokens of a text, without any that only begin or end one.
    ///
    /// # Errors
    ///
    /// Where the tokenizer has none for it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self.inner.encode(text, false);
        let encoding = encoding.map_err(|error| ModelError::Text(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens; what is no whole character at its end is U+FFFD.
    ///
    /// # Errors
    ///
    /// Where the tokenizer has no text for them.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, ModelError> {
        self.inner.decode(tokens, false).map_err(|error| ModelError::Text(error.to_string()))
    }
}

/// The text of tokens that come one after the other, handed on by whole characters: a character may be
/// several tokens.
pub struct Stream<'a> {
    tokenizer: &'a Tokenizer,
    tokens: Vec<u32>,
    /// Bytes of the text that were handed on.
    shown: usize,
}

impl<'a> Stream<'a> {
    /// An empty text.
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, tokens: Vec::new(), shown: 0 }
    }

    /// What one more token adds; nothing where it ends within a character.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::decode`].
    pub fn push(&mut self, token: u32) -> Result<String, ModelError> {
        self.tokens.push(token);
        let text = self.tokenizer.decode(&self.tokens)?;
        // Up to three bytes of a character that is not whole are one U+FFFD each at most.
        let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let added = whole.get(self.shown..).unwrap_or_default().to_owned();
        self.shown += added.len();
        Ok(added)
    }

    /// What was held back: characters that never became whole.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::decode`].
    pub fn finish(self) -> Result<String, ModelError> {
        let text = self.tokenizer.decode(&self.tokens)?;
        Ok(text.get(self.shown..).unwrap_or_default().to_owned())
    }
}
