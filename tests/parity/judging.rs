//! One answer beside its golden, and goldens that nobody could be held to.

use q4proof::parity::compare::{Comparison, Generated, Verdict, compare};
use q4proof::parity::reference::{Golden, Reference};
use q4proof::parity::waiver::Waiver;
use serde_json::{Value, json};

const WINDOW: usize = 15;
const TOLERANCE: f64 = 1e-4;

/// The tokens 20, 21, ..., each with a logit of 3 before one of 1 and six of 0.
fn golden() -> Golden {
    let ids: Vec<u32> = (20..20 + WINDOW as u32).collect();
    Golden {
        name: "some".into(),
        prompt: "a prompt".into(),
        prompt_ids: vec![5, 6],
        window: WINDOW,
        text: "fifteen words".into(),
        margins: vec![2.0; WINDOW],
        top: ids.iter().map(|&id| top(id)).collect(),
        ids,
    }
}

fn top(id: u32) -> Vec<(u32, f32)> {
    [(id, 3.0), (1, 1.0)].into_iter().chain((2..8).map(|other| (other, 0.0))).collect()
}

/// What agrees with it, in every logit.
fn agreeing() -> Generated {
    let golden = golden();
    let row = |top: &Vec<(u32, f32)>| {
        let mut row = vec![0.0; 64];
        for &(token, logit) in top {
            row[token as usize] = logit;
        }
        row
    };
    Generated {
        prompt_ids: Some(golden.prompt_ids),
        ids: golden.ids,
        text: golden.text,
        logits: Some(golden.top.iter().map(row).collect()),
    }
}

fn compared(change: impl FnOnce(&mut Generated)) -> Comparison {
    let mut generated = agreeing();
    change(&mut generated);
    compare(&golden(), &Ok(generated), TOLERANCE, None)
}

#[test]
fn what_agrees_matches() {
    let comparison = compared(|_| {});
    assert_eq!(comparison.verdict, Verdict::Match);
    assert_eq!((comparison.agreed, comparison.difference), (WINDOW, None));
    assert_eq!(comparison.logit.unwrap().off, 0.0);
    // More than the window is not looked at.
    assert_eq!(compared(|generated| generated.ids.push(9)).verdict, Verdict::Match);
    // Who does not tell is not held to it.
    let comparison = compared(|generated| (generated.logits, generated.prompt_ids) = (None, None));
    assert_eq!((comparison.verdict, comparison.logit), (Verdict::Match, None));
}

/// E2E-1: over the whole window.
#[test]
fn another_token_diverges_at_its_position() {
    for position in [0, 7, WINDOW - 1] {
        let comparison = compared(|generated| generated.ids[position] = 63);
        assert_eq!((comparison.verdict, comparison.agreed), (Verdict::Diverged, position));
        let difference = comparison.difference.unwrap();
        assert_eq!((difference.position, difference.margin), (position, Some(2.0)));
        let what = format!("token 63 where {} was expected", 20 + position);
        assert_eq!(difference.what, what);
    }
}

/// E2E-1: whatever came before.
#[test]
fn to_stop_early_is_to_diverge() {
    let comparison = compared(|generated| generated.ids.truncate(WINDOW - 1));
    assert_eq!((comparison.verdict, comparison.agreed), (Verdict::Diverged, WINDOW - 1));
    assert_eq!(comparison.difference.unwrap().what, "it stopped where token 34 was expected");
    let comparison = compared(|generated| generated.ids.clear());
    assert_eq!((comparison.verdict, comparison.agreed), (Verdict::Diverged, 0));
}

/// E2E-1: tokens and their text.
#[test]
fn another_prompt_or_text_diverges() {
    let comparison = compared(|generated| generated.prompt_ids = Some(vec![5, 7]));
    assert_eq!(comparison.verdict, Verdict::Diverged);
    let difference = comparison.difference.unwrap();
    assert_eq!((difference.position, difference.margin), (1, None));
    assert_eq!(difference.what, "the prompt's token 7 where 6 was expected");
    let comparison = compared(|generated| generated.prompt_ids = Some(vec![5]));
    assert_eq!(
        comparison.difference.unwrap().what,
        "the prompt's token the end where 6 was expected"
    );
    let comparison = compared(|generated| generated.text = "fifteen swords".into());
    assert_eq!(comparison.verdict, Verdict::Diverged);
    assert_eq!(comparison.difference.unwrap().position, 8);
}

/// E2E-3: NaN and infinity are off by more.
#[test]
fn a_logit_may_be_off_by_the_tolerance_and_no_more() {
    let with = |position: usize, token: usize, logit: f32| {
        compared(|generated| generated.logits.as_mut().unwrap()[position][token] = logit)
    };
    assert_eq!(with(3, 1, 1.00009).verdict, Verdict::Match);
    let comparison = with(3, 1, 1.00011);
    assert_eq!((comparison.verdict, comparison.difference), (Verdict::Diverged, None));
    let logit = comparison.logit.unwrap();
    assert_eq!((logit.position, logit.token, logit.expected, logit.margin), (3, 1, 1.0, 2.0));
    assert_eq!(with(14, 34, 2.99).verdict, Verdict::Diverged);
    // What the golden does not name is not compared.
    assert_eq!(with(3, 50, 2.0).verdict, Verdict::Match);
    for logit in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let comparison = with(0, 20, logit);
        assert_eq!(comparison.verdict, Verdict::Diverged);
        assert_eq!(comparison.logit.unwrap().off, f64::INFINITY);
    }
    // Neither a row nor a logit may be missing.
    let missing = compared(|generated| generated.logits.as_mut().unwrap().truncate(14));
    assert_eq!(missing.verdict, Verdict::Diverged);
    let missing = compared(|generated| generated.logits.as_mut().unwrap()[2].truncate(10));
    assert_eq!(missing.verdict, Verdict::Diverged);
}

/// E2E-5: a waived prompt that matches is a failure.
#[test]
fn a_waiver_covers_a_divergence_and_nothing_else() {
    let waiver = Waiver {
        prompt: "a prompt".into(),
        backend: "x".into(),
        weights: None,
        issue: "example/7".into(),
    };
    let verdict = |generated: Result<Generated, String>| {
        compare(&golden(), &generated, TOLERANCE, Some(&waiver)).verdict
    };
    assert_eq!(verdict(Ok(agreeing())), Verdict::UnexpectedPass("example/7".into()));
    let other = Generated { ids: vec![], ..agreeing() };
    assert_eq!(verdict(Ok(other)), Verdict::Waived("example/7".into()));
    // E2E-4: what did not run is a failure, known or not.
    assert_eq!(verdict(Err("it ended".into())), Verdict::Failed("it ended".into()));
    for (verdict, bad) in [
        (Verdict::Match, false),
        (Verdict::Waived(String::new()), false),
        (Verdict::Diverged, true),
        (Verdict::Failed(String::new()), true),
        (Verdict::UnexpectedPass(String::new()), true),
    ] {
        assert_eq!(verdict.is_bad(), bad);
    }
}

/// E2E-2: windows and margins.
#[test]
fn a_golden_that_nobody_could_be_held_to_is_refused() {
    let refused = |change: fn(&mut Golden)| {
        let mut golden = golden();
        change(&mut golden);
        golden.check().unwrap_err()
    };
    assert_eq!(golden().check(), Ok(()));
    for (change, words) in [
        (
            (|golden| (golden.window, golden.ids) = (14, vec![20; 14])) as fn(&mut Golden),
            "a window of 14, expected 15",
        ),
        (|golden| golden.ids.truncate(14), "14 in ids, expected the 15 of its window"),
        (|golden| golden.margins.truncate(3), "3 in margins, expected the 15"),
        (|golden| golden.top.truncate(3), "3 in top, expected the 15"),
        (|golden| golden.prompt_ids.clear(), "no token in prompt_ids"),
        (|golden| golden.margins[4] = 0.09, "position 4 has margin 0.09, expected 0.1 or more"),
        (|golden| golden.margins[4] = f64::NAN, "position 4 has margin NaN"),
        (|golden| golden.top[2] = vec![(22, 3.0)], "position 2 has 1 logits, expected 8"),
        (|golden| golden.top[2].truncate(7), "position 2 has 7 logits, expected 8"),
        (|golden| golden.top[2].swap(0, 1), "position 2: its logits give token 1 with margin -2"),
        (|golden| golden.margins[2] = 2.01, "position 2: its logits give token 22 with margin 2"),
    ] {
        let problem = refused(change);
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn the_goldens_of_the_command_keep_the_rules() {
    let text = include_str!("../../conformance/parity/reference.json");
    let reference = Reference::parse(text).unwrap();
    let goldens = reference.goldens(q4proof::parity::reference::Kind::Float);
    assert!(goldens.len() >= 8);
    for broken in [
        text.replacen("\"threads\"", "\"strands\"", 1),
        text.replacen("\"quarot\": [", "\"other\": [", 1),
        text.replacen("\"margins\": [", "\"margins\": [0.01, ", 1),
    ] {
        assert_ne!(broken, text);
        Reference::parse(&broken).unwrap_err();
    }
}

/// A reference by which a check could not fail is none.
#[test]
fn goldens_that_would_excuse_a_difference_are_refused() {
    let text = include_str!("../../conformance/parity/reference.json");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut reference: Value = serde_json::from_str(text).unwrap();
        change(&mut reference);
        Reference::parse(&reference.to_string()).unwrap_err().to_string()
    };
    let error = refused(&|reference| reference["error"]["q4"] = json!(0.00625));
    assert_eq!(error, "error.q4 is 0.00625: expected above zero and below 0.00625");
    let error = refused(&|reference| reference["error"]["q4"] = json!(0));
    assert!(error.starts_with("error.q4 is 0: "), "{error}");
    let error = refused(&|reference| {
        reference["model"].as_object_mut().unwrap().remove("tokenizer.json");
    });
    assert_eq!(error, "model has no \"tokenizer.json\"");
    let other = "goldens.quarot has other prompts than goldens.float, or has them in another order";
    let error = refused(&|reference| {
        let goldens = reference["goldens"]["quarot"].as_array_mut().unwrap();
        goldens.push(goldens[0].clone());
    });
    assert_eq!(error, other);
    let error = refused(&|reference| {
        reference["goldens"]["quarot"].as_array_mut().unwrap().swap(0, 1);
    });
    assert_eq!(error, other);
}
