//! The fuzz targets' own rules: inputs are the same for the same seed, and each oracle speaks. What
//! they find is in `tests/slow`.

use std::cell::Cell;

use q4proof::format::Class;
use q4proof::fuzz::{Finding, Target, Verdict};
use q4proof::subject::{Entry, Hello, Implementation, InProcess, Reference, Response};
use q4proof::suite::exact::files::khq4::write;
use q4proof::suite::question::{Decode, Encode, Load, Save, Tensor};
use q4proof::suite::{Encoded, Floats, FormatId, Verb};

const DECODE: Target = Target::of(Verb::Decode, FormatId::KHQ4);
const LOAD: Target = Target::of(Verb::Load, FormatId::KHQ4);

#[test]
fn inputs_are_the_same_for_the_same_seed() {
    for target in Target::all() {
        for seed in 0..20 {
            assert_eq!(target.generate(seed), target.generate(seed), "{target}");
        }
        let kept = (0..8000).filter(|&seed| target.mutate(b"KHQ4", seed).is_none()).count();
        assert!((800..1200).contains(&kept), "{target}: {kept} of 8000 are left to libFuzzer");
    }
}

/// The reference with one habit that no planted fault has.
#[derive(Default)]
struct Spoiled {
    /// Gives one value more at every second decode.
    forgets: bool,
    /// Panics at an empty file.
    panics: bool,
    /// Takes as many bytes for every load that requires no shape.
    hoards: usize,
    /// Loads what lies at any path but the first as a scalar.
    confuses: bool,
    asked: Cell<usize>,
}

impl Implementation for Spoiled {
    fn hello(&self) -> Hello {
        Reference.hello()
    }

    fn decode(&self, question: &Decode, entry: Entry) -> Response<Floats> {
        self.asked.set(self.asked.get() + 1);
        Reference.decode(question, entry).map(|mut values| {
            if let Floats::F32(bits) = &mut values {
                bits.0.extend((self.forgets && self.asked.get().is_multiple_of(2)).then_some(0));
            }
            values
        })
    }

    fn encode(&self, question: &Encode, entry: Entry) -> Response<Encoded> {
        Reference.encode(question, entry)
    }

    fn load(&self, question: &Load<String>, entry: Entry) -> Response<Vec<Tensor>> {
        let hoard = vec![1u8; if question.expected_shape.is_none() { self.hoards } else { 0 }];
        std::hint::black_box(&hoard);
        assert!(!self.panics || std::fs::metadata(&question.path).unwrap().len() > 0, "empty");
        Reference.load(question, entry).map(|mut tensors| {
            if self.confuses && question.path.ends_with("tensor.q4") {
                tensors[0].shape = Vec::new();
            }
            tensors
        })
    }

    fn save(&self, question: &Save<String>, entry: Entry) -> Response<()> {
        Reference.save(question, entry)
    }
}

#[test]
fn each_oracle_speaks() {
    let run = |spoiled, target: Target, input: &[u8]| target.run(&InProcess::new(spoiled), input);
    let oracle = |spoiled: Spoiled, target: Target, input: &[u8]| match run(spoiled, target, input)
    {
        Verdict::Finding(Finding { oracle, .. }) => oracle,
        verdict => panic!("{target}: {verdict:?}"),
    };
    let seed = |target: Target| target.seeds().remove(0).1;
    let forgets = Spoiled { forgets: true, ..Spoiled::default() };
    assert_eq!(oracle(forgets, DECODE, &seed(DECODE)), "twice the same");
    let panics = Spoiled { panics: true, ..Spoiled::default() };
    assert_eq!(oracle(panics, LOAD, b""), "no panic");
    for input in [&b"KHQ4"[..], &seed(LOAD)] {
        let hoards = Spoiled { hoards: 1 << 20, ..Spoiled::default() };
        assert_eq!(oracle(hoards, LOAD, input), "memory");
    }
    // 64 KiB are always allowed, for a tensor also 32 times its file, and 4 times for what is refused.
    let file = write(&[320], 320, &[0, 0x3c, 0, 0, 0].repeat(40));
    let truncated = &file[..200];
    for (hoards, input, expected) in [
        (68_000, &file[..], Verdict::Accepted),
        (64_000, truncated, Verdict::Refused(Some(Class::TruncatedPayload))),
    ] {
        let verdict = run(Spoiled { hoards, ..Spoiled::default() }, LOAD, input);
        assert_eq!(verdict, expected, "{hoards}");
    }
    for (hoards, input) in [(80_000, &file[..]), (67_000, truncated)] {
        let hoards = Spoiled { hoards, ..Spoiled::default() };
        assert_eq!(oracle(hoards, LOAD, input), "memory");
    }
    let confuses = Spoiled { confuses: true, ..Spoiled::default() };
    let matrix = Target::SaveLoad.seeds().into_iter().find(|(name, _)| name.ends_with("2x16"));
    assert_eq!(oracle(confuses, Target::SaveLoad, &matrix.unwrap().1), "round trip");
    for target in [DECODE, LOAD, Target::SaveLoad] {
        assert_eq!(run(Spoiled::default(), target, &seed(target)), Verdict::Accepted);
    }
}
