//! Who generates: this crate's decoder, or a subject that is asked by the protocol.

use std::path::Path;
use std::time::{Duration, Instant};

use super::compare::Generated;
use super::reference::Golden;
use crate::model::generate::greedy;
use crate::model::tokenizer::{Stream, Tokenizer};
use crate::model::{Decoder, ModelError};
use crate::subject::message::{Reply, Request};
use crate::subject::{Response, Subject};
use crate::suite::answer::{Answer, Continuation};
use crate::suite::operation::FormatId;
use crate::suite::question::{Generate, Question};

/// How many tokens were generated, in what time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speed {
    tokens: usize,
    time: Duration,
}

impl Speed {
    fn add(&mut self, tokens: usize, time: Duration) {
        self.tokens += tokens;
        self.time += time;
    }

    /// Tokens a second, the prompts' time included.
    pub fn tokens_per_second(&self) -> Option<f64> {
        let seconds = self.time.as_secs_f64();
        (self.tokens > 0 && seconds > 0.0).then(|| self.tokens as f64 / seconds)
    }
}

/// Generates as an engine does, token by token, then asks for all logits of the window with the golden's
/// tokens before each.
///
/// # Errors
///
/// What the model or its tokenizer refuses.
pub fn with_decoder(
    decoder: &Decoder,
    tokenizer: &Tokenizer,
    golden: &Golden,
    speed: &mut Speed,
) -> Result<Generated, ModelError> {
    let prompt_ids = tokenizer.encode(&golden.prompt)?;
    if prompt_ids != golden.prompt_ids {
        // Of another prompt nothing that follows can be compared; and it may have no token at all.
        return Ok(Generated { prompt_ids: Some(prompt_ids), ..Generated::default() });
    }
    let (mut ids, mut text) = (Vec::new(), String::new());
    let mut stream = Stream::new(tokenizer);
    let mut failed = None;
    let begun = Instant::now();
    greedy(decoder, &prompt_ids, golden.window, &mut |token| {
        ids.push(token);
        match stream.push(token) {
            Ok(added) => text.push_str(&added),
            Err(error) => failed = Some(error),
        }
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    speed.add(ids.len(), begun.elapsed());
    text.push_str(&stream.finish()?);

    // The last token of the window is taken from logits, and none are taken from it.
    let fed = [&golden.prompt_ids, &golden.ids[..golden.ids.len() - 1]].concat();
    let logits = decoder.forward(&mut decoder.start(), &fed)?;
    let rows = logits.chunks_exact(decoder.config().vocab_size);
    let logits = rows.skip(golden.prompt_ids.len() - 1).map(<[f32]>::to_vec).collect();
    Ok(Generated { prompt_ids: Some(prompt_ids), ids, text, logits: Some(logits) })
}

/// Asks a subject to generate from the model in `directory`.
///
/// # Errors
///
/// What came instead of an answer, for a person.
pub fn with_subject(
    subject: &mut dyn Subject,
    directory: &Path,
    golden: &Golden,
    deadline: Duration,
    speed: &mut Speed,
) -> Result<Generated, String> {
    let request = Request::of(Question::Generate(Generate {
        format: FormatId::MODEL,
        path: directory.display().to_string(),
        prompt: golden.prompt.clone(),
        tokens: golden.window as u64,
    }));
    let begun = Instant::now();
    let answer = match subject.ask(&request, deadline) {
        Reply::Answer(Response::Done(answer)) => answer,
        Reply::Answer(Response::Refused(refusal)) => {
            return Err(format!("it refused: {}", refusal.message));
        }
        Reply::Answer(Response::Unsupported) => return Err("it does not offer generate".into()),
        Reply::Timeout => return Err(format!("no answer within {} s", deadline.as_secs_f64())),
        Reply::Crash(how) => return Err(format!("it ended: {how}")),
        Reply::ProtocolError(what) => return Err(format!("protocol-error: {what}")),
        Reply::OverBudget(what) => return Err(format!("over-budget: {what}")),
    };
    let Answer::Continuation(Continuation { ids, text }) = answer else {
        return Err("protocol-error: the result of a generate is `continuation`".into());
    };
    speed.add(ids.len(), begun.elapsed());
    Ok(Generated { prompt_ids: None, ids, text, logits: None })
}
