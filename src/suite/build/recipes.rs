//! Cases with a recipe: one small question each, behind which a generator asks every number, every size,
//! every place.

use super::{Draft, packed, plain_payload, q4_0};
use crate::suite::case::File;
use crate::suite::exact::blocks::named;
use crate::suite::exact::files;
use crate::suite::feature::Feature;
use crate::suite::floats::{Float, Floats};
use crate::suite::hex::{Bits16, Bits64, Bytes};
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Encode, Load, Matmul, Mode, Question, Rotate, Side, Tensor};
use crate::suite::recipe::RecipeName::{self, *};

pub(super) fn cases() -> Vec<Draft> {
    [decodes(), encodes(), loads(), saves(), products(), rotations()].concat()
}

/// A case of each of these recipes, under the family and name of its question.
pub(super) fn each(
    family: &str,
    suffix: &str,
    question: &Question,
    recipes: &[(RecipeName, &str, u8)],
) -> Vec<Draft> {
    let draft = |&(name, clause, class): &(RecipeName, &str, u8)| {
        let word = serde_json::to_value(name).expect("a word");
        let word = word.as_str().expect("a word").to_owned();
        let note = name.about();
        Draft::new(format!("{family}/{word}{suffix}"), clause, note, question.clone())
            .class(class)
            .recipe(name)
    };
    recipes.iter().map(draft).collect()
}

/// A format whose rows are whole blocks and that is decoded to f32.
struct RowCases {
    format: FormatId,
    family: &'static str,
    /// The clause of its layout.
    layout: &'static str,
    /// The clause of its decoding.
    decoding: &'static str,
    block: Vec<u8>,
}

impl RowCases {
    /// The decode of its block.
    fn question(&self) -> Question {
        let weights = named(self.format).expect("a block format").geometry().weights;
        Question::decode(self.format, self.block.clone(), weights as u64)
    }
}

fn row_cases() -> Vec<RowCases> {
    let of = |format, family, [layout, decoding]: [&'static str; 2], block| RowCases {
        format,
        family,
        layout,
        decoding,
        block,
    };
    let q8_0 = [&plain_payload(32)[..], &[7; 14]].concat();
    let packed = packed::ALL
        .map(|packed| of(packed.format(), packed.family(), packed.clauses(), packed.plain(1)));
    [
        of(FormatId::Q4_0, "decode-q4-0", ["Q40-1", "Q40-2"], q4_0::plain_payload(1)),
        of(FormatId::Q4_1, "decode-q4-1", ["GGML-1", "GGML-2"], plain_payload(32)),
        of(FormatId::Q8_0, "decode-q8-0", ["Q8-1", "Q8-2"], q8_0),
    ]
    .into_iter()
    .chain(packed)
    .collect()
}

fn khq4_decode() -> Question {
    Question::decode(FormatId::KHQ4, plain_payload(32), 32)
}

/// The small decode of each format, with its family and clause.
pub(super) fn decode_questions() -> Vec<(&'static str, Question, &'static str)> {
    let rows = row_cases().into_iter().map(|rows| (rows.family, rows.question(), rows.decoding));
    [("decode", khq4_decode(), "DEC-1")].into_iter().chain(rows).collect()
}

/// The small encode of each format, with its family and clause.
pub(super) fn encode_questions() -> [(&'static str, Question, &'static str); 6] {
    let ask = |format: FormatId, mode: Option<Mode>, float: Float| {
        Question::Encode(Encode { format, mode, shape: vec![32], values: ramp(float) })
    };
    [
        ("encode", ask(FormatId::KHQ4, Some(Mode::Symmetric), Float::F32), "ENC-Y3"),
        ("encode-q4-0", ask(FormatId::Q4_0, None, Float::F32), "Q40-3"),
        ("encode-q4-1", ask(FormatId::Q4_1, None, Float::F32), "GGML-3"),
        ("encode-q8-0", ask(FormatId::Q8_0, None, Float::F32), "Q8-3"),
        ("encode-mxfp4", ask(FormatId::MXFP4, None, Float::F32), "MX-3"),
        ("encode-mlx", ask(FormatId::MLX, None, Float::F16), "MLX-2"),
    ]
}

fn decodes() -> Vec<Draft> {
    let khq4 = khq4_decode();
    let Question::Decode(single) = khq4.clone() else { unreachable!("a decode") };
    let to_half = Question::Decode(Decode { to: Some(Float::F16), ..single });
    let half = [(EveryNumber, "F16-1", 78), (Sizes, "F16-1", 79), (FaultAnywhere, "F16-2", 49)];
    let half = each("decode-f16", "", &to_half, &half);
    let mut must = each(
        "decode",
        "",
        &khq4,
        &[
            (EveryNumber, "DEC-1", 78),
            (DrawnNumbers, "DEC-1", 78),
            (Sizes, "DEC-3", 79),
            (Tails, "DEC-3", 35),
        ],
    );
    must.extend(half.into_iter().map(|draft| draft.requires(Feature::ToF16)));
    // A decoder should refuse blocks that have no values, and a payload of another extent (DEC-1, DEC-4).
    let mut should = each(
        "decode",
        "",
        &khq4,
        &[(FaultAtTheEnd, "DEC-4", 79), (FaultAnywhere, "DEC-1", 79), (WideNumbers, "DEC-4", 82)],
    );
    for rows in row_cases() {
        let (question, RowCases { family, layout, decoding, .. }) = (rows.question(), rows);
        must.extend(each(
            family,
            "",
            &question,
            &[
                (EveryNumber, decoding, 78),
                (DrawnNumbers, decoding, 78),
                (Sizes, decoding, 79),
                (FaultAtTheEnd, layout, 35),
            ],
        ));
        let refused = [(FaultAnywhere, layout, 79), (WideNumbers, layout, 82)];
        should.extend(each(family, "", &question, &refused));
    }
    must.extend(should.into_iter().map(Draft::should));
    must
}

/// Values of a type: a ramp.
fn ramp(float: Float) -> Floats {
    let values = (0..32u8).map(|at| f32::from(at) - 15.0);
    match float {
        Float::F16 => {
            Floats::F16(Bits16(values.map(|one| half::f16::from_f32(one).to_bits()).collect()))
        }
        Float::Bf16 => {
            Floats::Bf16(Bits16(values.map(|one| half::bf16::from_f32(one).to_bits()).collect()))
        }
        Float::F32 => Floats::of(&values.collect::<Vec<f32>>()),
        Float::F64 => Floats::F64(Bits64(values.map(|one| f64::from(one).to_bits()).collect())),
    }
}

fn encodes() -> Vec<Draft> {
    let ask = |format: FormatId, mode: Option<Mode>, float: Float| {
        Question::Encode(Encode { format, mode, shape: vec![32], values: ramp(float) })
    };
    let numbers = |clause: &'static str| {
        [
            (EveryNumber, clause, 78),
            (StoredNumbers, clause, 78),
            (EveryExponent, clause, 78),
            (DrawnWeights, clause, 44),
            (Sizes, clause, 79),
            (Dimensions, clause, 79),
        ]
    };
    let mut drafts = Vec::new();
    for mode in super::MODES {
        let question = ask(FormatId::KHQ4, Some(mode), Float::F32);
        let (suffix, clause) = (
            format!("-{}", mode.name()),
            if mode == Mode::Symmetric { "ENC-Y3" } else { "ENC-A4" },
        );
        drafts.extend(each("encode", &suffix, &question, &numbers(clause)));
        drafts.extend(each(
            "encode",
            &suffix,
            &question,
            &[(FaultAtTheEnd, "ENC-S2", 79), (FaultAnywhere, "ENC-S2", 79), (Tails, "ENC-P1", 35)],
        ));
        for (float, feature) in [
            (Float::F16, Feature::SourceF16),
            (Float::Bf16, Feature::SourceBf16),
            (Float::F64, Feature::SourceF64),
        ] {
            let question = ask(FormatId::KHQ4, Some(mode), float);
            let suffix = format!("-{}-{}", float.name(), mode.name());
            let recipes = [
                (EveryNumber, "ENC-S5", 78),
                (EveryExponent, "ENC-S5", 78),
                (DrawnWeights, "ENC-S5", 44),
                (FaultAtTheEnd, "ENC-S2", 79),
                (FaultAnywhere, "ENC-S2", 79),
            ];
            let of_type = each("encode", &suffix, &question, &recipes);
            drafts.extend(of_type.into_iter().map(|draft| draft.requires(feature)));
        }
    }
    let others = [
        (FormatId::Q4_0, "encode-q4-0", "Q40-3", "Q40-1", Float::F32),
        (FormatId::Q4_1, "encode-q4-1", "GGML-3", "GGML-1", Float::F32),
        (FormatId::Q8_0, "encode-q8-0", "Q8-3", "Q8-1", Float::F32),
        (FormatId::MXFP4, "encode-mxfp4", "MX-3", "MX-1", Float::F32),
        (FormatId::MLX, "encode-mlx", "MLX-2", "MLX-1", Float::F16),
    ];
    for (format, family, clause, layout, float) in others {
        let question = ask(format, None, float);
        let mut recipes = numbers(clause).to_vec();
        // A scale of MXFP4 is no f16.
        recipes.retain(|(name, ..)| format != FormatId::MXFP4 || *name != StoredNumbers);
        recipes.push((FaultAtTheEnd, layout, 35));
        drafts.extend(each(family, "", &question, &recipes));
    }
    drafts
}

/// The file of a small tensor of a container.
pub(super) fn small(format: FormatId) -> File {
    let container = files::named(format).expect("a container");
    let bytes = container.write(&[small_tensor(format)]).expect("a tensor that it stores");
    File::Bytes(Bytes(bytes))
}

pub(super) fn small_tensor(format: FormatId) -> Tensor {
    match format {
        FormatId::KHF1 => Tensor::of_values(&[32], ramp(Float::F16)),
        _ => Tensor::of_blocks(&[32], 32, plain_payload(32)),
    }
}

fn loads() -> Vec<Draft> {
    let khq4 = [
        (EveryNumber, "KHQ4-P3", 78),
        (DrawnNumbers, "KHQ4-P3", 78),
        (Tails, "KHQ4-P1", 35),
        (Sizes, "KHQ4-P1", 79),
        (Dimensions, "KHQ4-H4", 79),
        (FaultAtTheEnd, "KHQ4-P4", 79),
        (FaultAnywhere, "KHQ4-P3", 79),
        (HeaderBits, "KHQ4-H2", 83),
        (ForeignBytes, "KHQ4-P2", 85),
        (WideNumbers, "KHQ4-H6", 82),
    ];
    let khf1 = [
        (EveryNumber, "KHF1-P2", 78),
        (Sizes, "KHF1-P1", 79),
        (Dimensions, "KHF1-H1", 79),
        (FaultAtTheEnd, "KHF1-P2", 79),
        (FaultAnywhere, "KHF1-P2", 79),
        (HeaderBits, "KHF1-H1", 83),
        (ForeignBytes, "KHF1-P1", 85),
        (WideNumbers, "KHF1-H3", 82),
    ];
    let mut drafts =
        each("load", "", &Question::load(FormatId::KHQ4, small(FormatId::KHQ4)), &khq4);
    drafts.extend(each(
        "load-khf1",
        "",
        &Question::load(FormatId::KHF1, small(FormatId::KHF1)),
        &khf1,
    ));
    for (format, family, clause) in
        [(FormatId::KHQ4, "load", "KHQ4-P7"), (FormatId::KHF1, "load-khf1", "KHF1-P3")]
    {
        let question = Question::Load(Load {
            format,
            path: small(format),
            expected_shape: Some(vec![32]),
            address_width: None,
        });
        let narrow = Question::Load(Load {
            format,
            path: small(format),
            expected_shape: None,
            address_width: Some(32),
        });
        let width = if format == FormatId::KHQ4 { "KHQ4-H8" } else { "KHF1-H3" };
        let narrow = each(family, "-width-32", &narrow, &[(WideNumbers, width, 9)]);
        drafts.extend(narrow.into_iter().map(|draft| draft.requires(Feature::Width32)));
        let expecting = each(family, "-expected-shape", &question, &[(WideNumbers, clause, 82)]);
        drafts.extend(expecting.into_iter().map(|draft| draft.requires(Feature::ExpectedShape)));
    }
    drafts
}

fn saves() -> Vec<Draft> {
    let of = |format: FormatId| Question::save(format, small_tensor(format));
    let recipes = |written: &'static str, refused: &'static str| {
        [
            (EveryNumber, written, 78),
            (Sizes, written, 79),
            (Dimensions, written, 79),
            (FaultAtTheEnd, refused, 79),
            (FaultAnywhere, refused, 79),
            (WideNumbers, refused, 82),
        ]
    };
    let of_blocks = [(DrawnNumbers, "KHQ4-W1", 78), (Tails, "KHQ4-W1", 35)];
    [
        each("save", "", &of(FormatId::KHQ4), &recipes("KHQ4-W1", "KHQ4-W2")),
        each("save", "", &of(FormatId::KHQ4), &of_blocks),
        each("save-khf1", "", &of(FormatId::KHF1), &recipes("KHF1-A1", "KHF1-A1")),
    ]
    .concat()
}

/// A small product.
pub(super) fn product() -> Question {
    Question::Matmul(Matmul {
        format: FormatId::KHQ4,
        rows: 1,
        columns: 32,
        vectors: 1,
        blocks: Bytes(plain_payload(32)),
        x: ramp(Float::F32),
    })
}

fn products() -> Vec<Draft> {
    let recipes = [(EveryNumber, "DOT-2", 78), (DrawnNumbers, "DOT-2", 78), (Sizes, "DOT-3", 81)];
    each("matmul", "", &product(), &recipes)
}

/// A small rotation.
pub(super) fn rotation() -> Question {
    rotate(Side::Input, false, None, false, Float::F32)
}

fn rotate(side: Side, inverse: bool, block: Option<u64>, gamma: bool, float: Float) -> Question {
    let (rows, columns) = if side == Side::Input { (1, 64) } else { (64, 1) };
    let values = (0..64u8).map(|at| f32::from(at) - 31.0);
    let values = match float {
        Float::F64 => Floats::F64(Bits64(values.map(|one| f64::from(one).to_bits()).collect())),
        _ => Floats::of(&values.collect::<Vec<f32>>()),
    };
    Question::Rotate(Rotate {
        format: FormatId::QUAROT,
        seed: 7,
        side,
        inverse,
        rows,
        columns,
        block,
        gamma: gamma.then(|| values.clone()),
        values,
    })
}

fn rotations() -> Vec<Draft> {
    let of = |suffix: &str, clause: &str, question: Question, recipes: &[RecipeName]| {
        let class = |name: RecipeName| if name == Sizes { 81 } else { 82 };
        let recipes: Vec<_> = recipes.iter().map(|&name| (name, clause, class(name))).collect();
        each("rotate", suffix, &question, &recipes)
    };
    // One run of 8192 values; the sizes are runs of the same length.
    let long_runs = match rotate(Side::Input, false, Some(8192), false, Float::F32) {
        Question::Rotate(rotate) => {
            Question::Rotate(Rotate { columns: 8192, values: Floats::of(&[1.0; 8192]), ..rotate })
        }
        other => other,
    };
    [
        of(
            "-input",
            "ROT-2",
            rotate(Side::Input, false, None, false, Float::F32),
            &[Sizes, WideNumbers],
        ),
        of(
            "-output-inverse",
            "ROT-6",
            rotate(Side::Output, true, None, false, Float::F32),
            &[Sizes],
        ),
        of("-f64", "ROT-2", rotate(Side::Input, false, None, false, Float::F64), &[Sizes]),
        of(
            "-runs",
            "ROT-5",
            rotate(Side::Input, false, Some(32), false, Float::F32),
            &[Sizes, WideNumbers],
        ),
        of("-runs-of-8192", "ROT-5", long_runs, &[Sizes]),
        of(
            "-runs-of-two",
            "ROT-5",
            rotate(Side::Input, false, Some(2), false, Float::F32),
            &[Sizes],
        ),
        of(
            "-runs-inverse",
            "ROT-5",
            rotate(Side::Input, true, Some(64), false, Float::F32),
            &[Sizes],
        ),
        of(
            "-f64-output-inverse",
            "ROT-6",
            rotate(Side::Output, true, None, false, Float::F64),
            &[Sizes],
        ),
        of("-gamma", "ROT-7", rotate(Side::Input, false, None, true, Float::F32), &[Sizes]),
    ]
    .concat()
}
