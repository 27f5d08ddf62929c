//! The decodes of ggml's packed formats: every code, weights at the seams of halves and sub-blocks, every kind of f16,
//! every scale of a sub-block, sizes and extents.

use super::Draft;
use super::blocks::Decodes;
use super::packed_layout::{self as layout, Parts};
use crate::suite::case::Line;
use crate::suite::exact::blocks::named;
use crate::suite::feature::Feature;
use crate::suite::floats::Floats;
use crate::suite::hex::Bytes;
use crate::suite::operation::FormatId;
use crate::suite::question::{Decode, Question};

/// A packed format as its cases have it.
pub(super) struct Packed {
    decodes: Decodes,
    /// Codes of a weight.
    levels: usize,
    /// Numbers of f16.
    numbers: usize,
    /// Scales of sub-blocks, the bits of the scale of one, and the largest of which something is demanded.
    scales: usize,
    one: u8,
    most: u8,
    /// Whether sub-blocks have minima.
    minima: bool,
    write: fn(&Parts<'_>) -> Vec<u8>,
}

/// The clauses of a format: of its layout for these classes, of its values for the others.
macro_rules! decodes {
    ($format:ident, $prefix:literal, $layout:literal, $values:literal) => {
        Decodes {
            format: FormatId::$format,
            prefix: $prefix,
            clause: |class| if LAYOUT.contains(&class) { $layout } else { $values },
            control: "codes-ascending",
        }
    };
}

/// Classes that are about where things are, or how many.
const LAYOUT: [u8; 10] = [11, 12, 21, 35, 79, 95, 96, 100, 106, 107];

const NONE: Packed = Packed {
    decodes: decodes!(Q5_0, "decode-q5-0", "Q50-1", "Q50-2"),
    levels: 16,
    numbers: 1,
    scales: 0,
    one: 0,
    most: 0,
    minima: false,
    write: layout::q5_0,
};

pub(super) const Q5_0: Packed = Packed { levels: 32, ..NONE };

pub(super) const Q5_1: Packed = Packed {
    decodes: decodes!(Q5_1, "decode-q5-1", "Q51-1", "Q51-2"),
    levels: 32,
    numbers: 2,
    write: layout::q5_1,
    ..NONE
};

pub(super) const Q4_K: Packed = Packed {
    decodes: decodes!(Q4_K, "decode-q4-k", "Q4K-1", "Q4K-2"),
    numbers: 2,
    scales: 8,
    one: 1,
    most: 63,
    minima: true,
    write: layout::q4_k,
    ..NONE
};

pub(super) const Q5_K: Packed = Packed {
    decodes: decodes!(Q5_K, "decode-q5-k", "Q5K-1", "Q5K-2"),
    levels: 32,
    write: layout::q5_k,
    ..Q4_K
};

pub(super) const Q6_K: Packed = Packed {
    decodes: decodes!(Q6_K, "decode-q6-k", "Q6K-1", "Q6K-2"),
    levels: 64,
    scales: 16,
    one: 1,
    most: 255,
    write: layout::q6_k,
    ..NONE
};

pub(super) const IQ4_NL: Packed = Packed {
    decodes: decodes!(IQ4_NL, "decode-iq4-nl", "NL-1", "NL-2"),
    write: layout::iq4_nl,
    ..NONE
};

pub(super) const IQ4_XS: Packed = Packed {
    decodes: decodes!(IQ4_XS, "decode-iq4-xs", "XS-1", "XS-2"),
    scales: 8,
    one: 33,
    most: 63,
    write: layout::iq4_xs,
    ..NONE
};

pub(super) const MXFP4: Packed = Packed {
    decodes: decodes!(MXFP4, "decode-mxfp4", "MX-1", "MX-2"),
    numbers: 0,
    scales: 1,
    one: 127,
    most: 254,
    write: layout::mxfp4,
    ..NONE
};

pub(super) const NVFP4: Packed = Packed {
    decodes: decodes!(NVFP4, "decode-nvfp4", "NV-1", "NV-2"),
    numbers: 0,
    scales: 4,
    one: 0x38,
    most: 0x7e,
    write: layout::nvfp4,
    ..NONE
};

/// All of them, in the order of the suite.
pub(super) const ALL: [&Packed; 9] =
    [&Q5_0, &Q5_1, &Q4_K, &Q5_K, &Q6_K, &IQ4_NL, &IQ4_XS, &MXFP4, &NVFP4];

/// f16 bits of one, and of a half.
const ONE: u16 = 0x3c00;
const HALF: u16 = 0x3800;

impl Packed {
    /// The family of its decodes.
    pub fn family(&self) -> &'static str {
        self.decodes.prefix
    }

    /// Its name on the wire.
    pub fn format(&self) -> FormatId {
        self.decodes.format
    }

    /// The clauses of its layout and of its values.
    pub fn clauses(&self) -> [&'static str; 2] {
        [35, 78].map(self.decodes.clause)
    }

    fn weights(&self) -> usize {
        named(self.format()).expect("a block format").geometry().weights
    }

    /// A block of one or a half in each number and of one in each scale, of these codes.
    fn coded(&self, code: &dyn Fn(usize) -> u8) -> Vec<u8> {
        self.scaled([ONE, HALF], &|_| self.one, &|_| self.one, code)
    }

    fn scaled(
        &self,
        numbers: [u16; 2],
        scale: &dyn Fn(usize) -> u8,
        minimum: &dyn Fn(usize) -> u8,
        code: &dyn Fn(usize) -> u8,
    ) -> Vec<u8> {
        (self.write)(&Parts { numbers, scale, minimum, code })
    }

    /// Blocks of which no two are alike.
    pub fn plain(&self, blocks: usize) -> Vec<u8> {
        let plain = |index: usize| {
            let numbers =
                [0x2c66 + 0x13 * (index % 127) as u16, 0x2e05 + 0x11 * (index % 61) as u16];
            let near = |j: usize| self.near(j * 5 + index);
            let code = |at: usize| ((at * 7 + index * 3 + at / 8) % self.levels) as u8;
            self.scaled(numbers, &near, &|j| near(j + 3), &code)
        };
        (0..blocks).flat_map(plain).collect()
    }

    /// A scale near that of one.
    fn near(&self, turn: usize) -> u8 {
        self.one.saturating_add((turn % 11) as u8).min(self.most)
    }

    /// The code that is worth least, in the middle of the codes.
    fn middle(&self) -> u8 {
        (self.levels / 2) as u8
    }
}

/// All decodes of a format.
pub(super) fn decodes(of: &Packed) -> Vec<Draft> {
    [codes(of), places(of), numbers(of), scales(of), sizes(of), tensor_scales(of)].concat()
}

/// Every code, in order and alone.
fn codes(of: &Packed) -> Vec<Draft> {
    let one = |id: &str, class, note: &str, block| of.decodes.one(id, class, note, block);
    let (levels, weights) = (of.levels, of.weights());
    let last = levels - 1;
    let mut drafts = vec![
        one("codes-ascending", 42, "every code in order, over and over", {
            of.coded(&|at| (at % levels) as u8)
        }),
        one("codes-descending", 42, "every code, the largest first", {
            of.coded(&|at| (last - at % levels) as u8)
        }),
        one("codes-least", 78, "the code of the least value everywhere", {
            of.coded(&|_| if of.numbers == 0 { last as u8 } else { 0 })
        }),
        one(
            "codes-largest",
            if of.numbers == 0 { 97 } else { 78 },
            "the code of the largest value everywhere",
            of.coded(&|_| if of.numbers == 0 { 7 } else { last as u8 }),
        ),
        one("codes-middle", 104, "the code in the middle everywhere", of.coded(&|_| of.middle())),
    ];
    for code in 0..levels as u8 {
        let at = (usize::from(code) * 37 + 1) % weights;
        let others = if code == of.middle() { of.middle() + 1 } else { of.middle() };
        let note = format!("code {code} for weight {at}, {others} for all others");
        let block = of.scaled([0x3555, 0x30cd], &|_| of.one, &|_| of.one, &|place| {
            if place == at { code } else { others }
        });
        drafts.push(one(&format!("code-{code:02x}-alone"), 78, &note, block));
    }
    drafts
}

/// Weights at the seams of bytes, halves, runs and sub-blocks; and patterns of pairs and halves.
fn places(of: &Packed) -> Vec<Draft> {
    let one = |id: &str, class, note: &str, block| of.decodes.one(id, class, note, block);
    let weights = of.weights();
    let by = |first: u8, second: u8, is_second: &dyn Fn(usize) -> bool| {
        of.coded(&|at| if is_second(at) { second } else { first })
    };
    let (low, high) = (1, of.levels as u8 - 2);
    let mut drafts = vec![
        one("pairs", 95, "weights of even places have one code, the others another", {
            by(low, high, &|at| at % 2 == 1)
        }),
        one("halves-of-a-block", 95, "the halves of a block have a code each", {
            by(low, high, &|at| at >= weights / 2)
        }),
        one("halves-of-16", 95, "runs of 16 weights have one code and another by turns", {
            by(low, high, &|at| at / 16 % 2 == 1)
        }),
        one("halves-of-8", 95, "runs of 8 weights have one code and another by turns", {
            by(low, high, &|at| at / 8 % 2 == 1)
        }),
        one("halves-of-32", 95, "runs of 32 weights have one code and another by turns", {
            by(low, high, &|at| at / 32 % 2 == 1)
        }),
        one("first-bytes-of-codes", 96, "codes of the first weights that are in no other place", {
            of.coded(&|at| [high, 2, 13, 4].get(at).copied().unwrap_or(9))
        }),
        one("last-bytes-of-codes", 96, "codes of the last weights that are in no other place", {
            of.coded(&|at| [3, 12, high, 5].get(weights - 1 - at).copied().unwrap_or(9))
        }),
    ];
    let seams = [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 95, 96, 127, 128, 159, 160];
    let behind = [191, 192, 223, 224, 254, 255];
    for at in seams.into_iter().chain(behind).filter(|&at| at < weights) {
        let note = format!("weight {at} has the largest code, all others the least");
        let block = of.coded(&|place| if place == at { of.levels as u8 - 1 } else { 0 });
        drafts.push(one(&format!("weight-{at}-alone"), 95, &note, block));
    }
    drafts
}

/// Every kind of f16 in each number of f16.
fn numbers(of: &Packed) -> Vec<Draft> {
    let kinds: [(&str, u8, &str, u16); 15] = [
        ("order-1", 43, "another number in the other order of its bytes", 0x2e66),
        ("order-2", 43, "another number in the other order of its bytes", 0x0142),
        ("zero", 29, "+0", 0x0000),
        ("negative-zero", 104, "-0", 0x8000),
        ("subnormal", 48, "2^-24", 0x0001),
        ("subnormal-negative", 48, "-5 * 2^-24", 0x8005),
        ("subnormal-largest", 32, "1023 * 2^-24", 0x03ff),
        ("least-normal", 32, "2^-14", 0x0400),
        ("largest", 32, "65504", 0x7bff),
        ("negative", 31, "below zero", 0xb801),
        ("negative-largest", 31, "-65504", 0xfbff),
        ("usual", 78, "3 * 2^-9, as weights have it", 0x1e00),
        ("usual-least", 78, "2^-8", 0x1c00),
        ("usual-largest", 78, "2047 * 2^-18", 0x1fff),
        ("all-digits", 46, "eleven digits", 0x3bff),
    ];
    let mut drafts = Vec::new();
    for field in 0..of.numbers {
        let name = ["scale", "minimum"][field];
        for (kind, class, note, bits) in kinds {
            let mut numbers = [0x3001, 0x2c03];
            numbers[field] = bits;
            let block = of.scaled(numbers, &|j| of.near(j), &|j| of.near(j + 2), &|at| {
                ((at * 5 + at / 16) % of.levels) as u8
            });
            let note = format!("a {name} that is {note}");
            drafts.push(of.decodes.one(format!("{name}-{kind}"), class, &note, block));
        }
    }
    if of.numbers == 2 {
        let signs = [("positive", 0x0000u16), ("negative", 0x8000)];
        for ((scale, first), (minimum, second)) in
            signs.into_iter().flat_map(|one| signs.map(|other| (one, other)))
        {
            let note = format!("zeros: a {scale} scale and a {minimum} minimum");
            let ascending = |at: usize| (at % of.levels) as u8;
            let block = of.scaled([first, second], &|_| of.one, &|_| of.one, &ascending);
            drafts.push(of.decodes.one(format!("zeros-{scale}-{minimum}"), 104, &note, block));
            let block = of.scaled([0x3c00 | first, second], &|_| of.one, &|_| of.one, &|_| 0);
            let note = format!("codes of zero: a {scale} scale and a {minimum} zero");
            drafts.push(of.decodes.one(format!("code-zero-{scale}-{minimum}"), 104, &note, block));
        }
        let block =
            of.scaled([0x2801, 0x5403], &|j| of.near(j), &|j| of.near(j + 4), &ascending(of));
        drafts.push(of.decodes.one("minimum-far-out", 41, "a minimum far from the steps", block));
        let block = of.scaled([0xbc00, 0x0000], &|_| 0, &|_| 0, &ascending(of));
        drafts.push(of.decodes.one("scale-negative-alone", 31, "no minimum at all", block));
    }
    drafts
}

fn ascending(of: &Packed) -> impl Fn(usize) -> u8 {
    let levels = of.levels;
    move |at| (at % levels) as u8
}

/// Each scale and each minimum of a sub-block alone, with every bit, and the largest ones.
fn scales(of: &Packed) -> Vec<Draft> {
    if of.scales == 0 {
        return Vec::new();
    }
    let class = if of.numbers == 0 { 98 } else { 100 };
    let one = |id: String, note: &str, block| of.decodes.one(id, class, note, block);
    let codes = ascending(of);
    let numbers = [0x2e66, 0x2a11];
    let with = |scale: &dyn Fn(usize) -> u8, minimum: &dyn Fn(usize) -> u8| {
        of.scaled(numbers, scale, minimum, &codes)
    };
    // What a sub-block has beside the one that stands out: of signed scales it is not zero.
    let (plain, out) = (of.one, of.near(10));
    let mut drafts = Vec::new();
    for at in 0..of.scales {
        let note = format!("the scale of sub-block {at} is another one than that of the others");
        let block = with(&|j| if j == at { out } else { plain }, &|_| plain);
        drafts.push(one(format!("scale-{at}-alone"), &note, block));
        if of.minima {
            let note =
                format!("the minimum of sub-block {at} is another one than that of the others");
            let block = with(&|_| plain, &|j| if j == at { 0x2b } else { plain });
            drafts.push(one(format!("minimum-{at}-alone"), &note, block));
        }
    }
    let bits = 8 - of.most.leading_zeros();
    for bit in 0..bits {
        let value = 1u8 << bit;
        let note = format!("scales of bit {bit} alone");
        drafts.push(one(format!("scale-bit-{bit}"), &note, with(&|_| value, &|_| 0)));
        if of.minima {
            let note = format!("minima of bit {bit} alone");
            drafts.push(one(format!("minimum-bit-{bit}"), &note, with(&|_| 0, &|_| value)));
        }
    }
    let edges: [u8; 8] = [0, 1, 2, 3, of.most / 2, of.most / 2 + 1, of.most - 1, of.most];
    for value in edges {
        let note = format!("every scale is {value:#04x}");
        drafts.push(one(format!("scales-{value:02x}"), &note, with(&|_| value, &|_| plain)));
    }
    let turning = |j: usize| ((j * 29 + 7) % (usize::from(of.most) + 1)) as u8;
    drafts.push(one(
        "scales-differ".into(),
        "no two scales are alike",
        with(&turning, &|j| turning(j + 9)),
    ));
    let turned = |j: usize| turning(3 * j + 5);
    drafts.push(one("scales-differ-more".into(), "no two scales are alike, in another order", {
        with(&turned, &|j| turned(j + 6))
    }));
    if of.numbers == 0 {
        let descending = |at: usize| (of.levels - 1 - at % of.levels) as u8;
        for (id, class, value) in [("least", 104, 0), ("largest", 98, of.most)] {
            let block = of.scaled(numbers, &|_| value, &|_| 0, &descending);
            let note = format!("the {id} scale and every code, the largest first");
            drafts.push(of.decodes.one(format!("scale-{id}"), class, &note, block));
        }
        for value in (8..of.most).step_by(if of.most == 254 { 13 } else { 6 }) {
            let note = format!("every scale is {value:#04x}");
            let id = format!("scales-each-{value:02x}");
            drafts.push(one(id, &note, with(&|_| value, &|_| plain)));
        }
    }
    drafts
}

/// Numbers of blocks, and payloads of other extents.
fn sizes(of: &Packed) -> Vec<Draft> {
    let weights = of.weights() as u64;
    let two = of.plain(2);
    let bytes = two.len() / 2;
    let case = |id: String, class, blocks: usize| {
        let note = format!("{} values", blocks as u64 * weights);
        of.decodes.case(id, class, &note, of.plain(blocks), blocks as u64 * weights)
    };
    let refused = |id: &str, note: &str, payload: &[u8], len| {
        of.decodes.refused(id, note, payload, len).should()
    };
    let many = if weights > 64 { [9, 17] } else { [129, 130] };
    let mut drafts = vec![
        of.decodes.case("no-values", 21, "no values in no blocks", Vec::new(), 0),
        of.decodes
            .case(
                "no-values-turned",
                21,
                "no values, the keys of the request in another order",
                Vec::new(),
                0,
            )
            .line(Line::OtherOrder),
        case("two-blocks".into(), 11, 2),
        case("three-blocks".into(), 107, 3),
        case("five-blocks".into(), 11, 5),
    ];
    drafts.extend(many.map(|blocks| case(format!("{blocks}-blocks"), 79, blocks)));
    let half = weights / 2;
    let mut counts = vec![1, half - 1, half, half + 1, weights - 1, weights + 1, weights + half];
    counts.extend((weights > 32).then_some([32, weights + 32]).into_iter().flatten());
    counts.sort_unstable();
    counts.dedup();
    drafts.extend(of.decodes.partial(&two, &counts));
    drafts.extend(of.decodes.extents(&two, 11));
    let wider = [&two[..], &[0; 4]].concat();
    // As many values as bytes or blocks that wrap to those of one block in 32 bits.
    let wrapping = (1u64 << 32) * weights + weights;
    drafts.extend([
        refused("byte-too-many", "a byte behind one block", &two[..bytes + 1], weights),
        refused("wider-blocks", "four bytes more than two blocks have", &wider, 2 * weights)
            .class(107),
        refused("block-of-no-values", "one block for no values", &two[..bytes], 0).class(11),
        refused("values-wrap-u32", "one block for 2^32 values more than it has", &two[..bytes], {
            (1 << 32) + weights
        })
        .class(106),
        refused("blocks-wrap-u32", "one block for 2^32 + 1 of them", &two[..bytes], wrapping)
            .class(12),
        refused("most-values", "one block for the most values", &two[..bytes], {
            u64::MAX / weights * weights
        })
        .class(12),
    ]);
    drafts
}

/// NV-3: a scale of the tensor.
fn tensor_scales(of: &Packed) -> Vec<Draft> {
    if of.format() != FormatId::NVFP4 {
        return Vec::new();
    }
    let block = of.plain(1);
    let ask = |id: &str, note: &str, scale: f32, blocks: &[u8]| {
        let question = Question::Decode(Decode {
            format: FormatId::NVFP4,
            blocks: Bytes(blocks.to_vec()),
            tensor_scale: Some(Floats::of(&[scale])),
            original_len: (blocks.len() / 36 * 64) as u64,
            to: None,
        });
        Draft::new(format!("decode-nvfp4/{id}"), "NV-3", note, question)
            .class(99)
            .requires(Feature::TensorScale)
    };
    let three = of.plain(3);
    vec![
        ask("tensor-scale-one", "a scale of the tensor of 1", 1.0, &block),
        ask("tensor-scale-half", "of 1/2", 0.5, &block),
        ask("tensor-scale-three", "of 3: products are exact", 3.0, &block),
        ask(
            "tensor-scale-usual",
            "as checkpoints have it: products are rounded",
            0.000_372_71,
            &block,
        ),
        ask("tensor-scale-third", "of a third: both orders are told apart", 1.0 / 3.0, &three),
        ask("tensor-scale-tenth", "of a tenth: both orders are told apart", 0.1, &three),
        ask("tensor-scale-negative", "below zero: zeros change their sign", -0.75, &block),
        ask("tensor-scale-small", "of 2^-100", 2f32.powi(-100), &block),
        ask("tensor-scale-large", "of 2^100", 2f32.powi(100), &block),
        ask("tensor-scale-three-blocks", "three blocks under one scale", 0.017, &three),
    ]
}
