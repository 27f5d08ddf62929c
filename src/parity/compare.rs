//! One answer beside its golden.

use serde::Serialize;

use super::reference::Golden;
use super::waiver::Waiver;

/// What was generated after one prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// The prompt's tokens, where whoever generated tells.
    pub prompt_ids: Option<Vec<u32>>,
    /// The tokens.
    pub ids: Vec<u32>,
    /// Their text, as it was handed on piece by piece.
    pub text: String,
    /// For each position of the window the logits from which the golden's token was to be taken, where
    /// whoever generated tells; all tokens before were the golden's.
    pub logits: Option<Vec<Vec<f32>>>,
}

/// What came of one prompt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The prompt's name.
    pub name: String,
    /// The prompt.
    pub prompt: String,
    /// Tokens that must agree.
    pub window: usize,
    /// Tokens that agree, from the first on.
    pub agreed: usize,
    /// Where the two part, if they do.
    pub difference: Option<Difference>,
    /// The logit that is off most, where logits were told.
    pub logit: Option<Logit>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// Where tokens or texts part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The position in the window, from 0; of the prompt where its tokens differ already.
    pub position: usize,
    /// What differs, for a person.
    pub what: String,
    /// How much larger the golden's logit was there than the next; none before the window.
    pub margin: Option<f64>,
}

/// A logit that is off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Logit {
    /// The position in the window, from 0.
    pub position: usize,
    /// Its token.
    pub token: u32,
    /// What it is.
    pub got: f32,
    /// What it is in the golden.
    pub expected: f32,
    /// How far it is off: infinite where it is no number.
    pub off: f64,
    /// How much larger the golden's largest logit is there than the next.
    pub margin: f64,
}

/// What came of a prompt, in a word.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every token, the text and every logit agree.
    Match,
    /// Something does not.
    Diverged,
    /// Nothing was generated: why.
    Failed(String),
    /// Something does not, which is known: the issue.
    Waived(String),
    /// It was known to diverge, and does not: the issue. The waiver must go.
    UnexpectedPass(String),
}

impl Verdict {
    /// Whether it fails the report.
    pub fn is_bad(&self) -> bool {
        match self {
            Self::Match | Self::Waived(_) => false,
            Self::Diverged | Self::Failed(_) | Self::UnexpectedPass(_) => true,
        }
    }
}

/// Compares what was generated with its golden; a logit may be off by `tolerance`. What diverges under a
/// waiver is waived.
pub fn compare(
    golden: &Golden,
    generated: &Result<Generated, String>,
    tolerance: f64,
    waiver: Option<&Waiver>,
) -> Comparison {
    let mut comparison = Comparison {
        name: golden.name.clone(),
        prompt: golden.prompt.clone(),
        window: golden.window,
        agreed: 0,
        difference: None,
        logit: None,
        verdict: Verdict::Match,
    };
    match generated {
        Err(problem) => comparison.verdict = Verdict::Failed(problem.clone()),
        Ok(generated) => {
            let pairs = golden.ids.iter().zip(&generated.ids);
            comparison.agreed = pairs.take_while(|(expected, got)| expected == got).count();
            comparison.difference = difference(golden, generated, comparison.agreed);
            comparison.logit = generated.logits.as_ref().and_then(|rows| worst(golden, rows));
            let off = comparison.logit.as_ref().is_some_and(|logit| logit.off > tolerance);
            if comparison.difference.is_some() || off {
                comparison.verdict = Verdict::Diverged;
            }
        }
    }
    if let Some(waiver) = waiver {
        let issue = waiver.issue.clone();
        comparison.verdict = match comparison.verdict {
            Verdict::Match => Verdict::UnexpectedPass(issue),
            Verdict::Diverged => Verdict::Waived(issue),
            failed => failed,
        };
    }
    comparison
}

/// Where the tokens of the prompt, then those of the window, then the texts part.
fn difference(golden: &Golden, generated: &Generated, agreed: usize) -> Option<Difference> {
    if let Some(prompt_ids) = &generated.prompt_ids
        && *prompt_ids != golden.prompt_ids
    {
        let pairs = prompt_ids.iter().zip(&golden.prompt_ids);
        let position = pairs.take_while(|(got, expected)| got == expected).count();
        let token = |ids: &[u32]| ids.get(position).map_or("the end".into(), ToString::to_string);
        let what = format!(
            "the prompt's token {} where {} was expected",
            token(prompt_ids),
            token(&golden.prompt_ids)
        );
        return Some(Difference { position, what, margin: None });
    }
    let here = |position: usize, what: String| {
        Some(Difference { position, what, margin: golden.margins.get(position).copied() })
    };
    if agreed < golden.ids.len() {
        let expected = golden.ids[agreed];
        return match generated.ids.get(agreed) {
            Some(got) => here(agreed, format!("token {got} where {expected} was expected")),
            None => here(agreed, format!("it stopped where token {expected} was expected")),
        };
    }
    if generated.text == golden.text {
        return None;
    }
    let pairs = generated.text.chars().zip(golden.text.chars());
    let position = pairs.take_while(|(got, expected)| got == expected).count();
    let rest = |text: &str| text.chars().skip(position).take(12).collect::<String>();
    let what = format!(
        "the tokens agree and their text does not: from character {position} on {:?} where {:?} was \
         expected",
        rest(&generated.text),
        rest(&golden.text)
    );
    Some(Difference { position, what, margin: None })
}

/// The logit among the golden's that is off most; one that is no number is off most of all.
fn worst(golden: &Golden, rows: &[Vec<f32>]) -> Option<Logit> {
    let mut worst: Option<Logit> = None;
    for (position, (top, margin)) in golden.top.iter().zip(&golden.margins).enumerate() {
        for &(token, expected) in top {
            let logits = rows.get(position);
            let got = logits.and_then(|logits| logits.get(token as usize)).copied();
            let got = got.unwrap_or(f32::NAN);
            let off = (f64::from(got) - f64::from(expected)).abs();
            let off = if off.is_nan() { f64::INFINITY } else { off };
            if worst.as_ref().is_none_or(|worst| off > worst.off) {
                worst = Some(Logit { position, token, got, expected, off, margin: *margin });
            }
        }
    }
    worst
}
