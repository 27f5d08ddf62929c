//! Kernels with a fault: each is found by the checks that this crate's own pass. What WGSL lets an adapter
//! do is no fault.

use q4proof::gpu::kernels::Sources;
use q4proof::gpu::{Device, GpuError};

use crate::values::{all, blocks, decodes, matrix, vectors};

fn planted(right: &str, wrong: &str) -> Sources {
    Sources::default().planted(right, wrong).unwrap_or_else(|| panic!("no kernel has {right:?}"))
}

/// What the checks say of kernels in which `wrong` stands for `right`.
fn finding(right: &str, wrong: &str) -> String {
    let device = Device::with_sources(&planted(right, wrong)).expect(wrong);
    all(&device).expect_err(&format!("{wrong:?} for {right:?} was not found"))
}

#[test]
fn faults_of_the_arithmetic_are_found() {
    for (right, wrong) in [
        ("(4u * (slot % WORD_WEIGHTS))", "(4u * ((slot % WORD_WEIGHTS) ^ 1u))"),
        ("(4u * (slot - from_slot))", "(4u * ((slot - from_slot) ^ 1u))"),
        ("f32(nibble) * scale + bias", "f32(nibble) * scale"),
        ("f32(nibble) * scale + bias", "(f32(nibble) - 8.0) * scale"),
        ("f32(nibble) * scale + bias", "f32(nibble) * abs(scale) + bias"),
        ("if fraction == 0u", "if exponent == 0u"),
        ("exponent == 31u", "exponent == 32u"),
        ("select(bias, bias & scale, zero)", "select(bias, bias, zero)"),
        ("select(bias, bias & scale, zero)", "select(bias, 0u, zero)"),
        ("select(bias, bias & scale, zero)", "0u"),
    ] {
        finding(right, wrong);
    }
}

#[test]
fn faults_of_the_extents_are_found() {
    for (right, wrong) in [
        ("let end = start.y + shape.columns;", "let end = start.y + shape.columns / 32u * 32u;"),
        (
            "(row % BLOCK_WEIGHTS) * shape.columns",
            "(row % BLOCK_WEIGHTS) * (shape.columns / 32u * 32u)",
        ),
        ("var stride = LANES / 2u", "var stride = LANES / 4u"),
        ("first += LANES * BLOCK_WEIGHTS", "first += 2u * LANES * BLOCK_WEIGHTS"),
        ("max(from_slot, start.y)", "max(from_slot, start.y + 1u)"),
        ("min(vectors, vec4<u32>(shape.vectors - 1u))", "vec4<u32>(tile * TILE)"),
    ] {
        finding(right, wrong);
    }
}

#[test]
fn values_that_no_group_wrote_are_found_as_such() {
    for (right, wrong) in [
        ("if row >= shape.rows", "if row + 1u >= shape.rows"),
        ("if vector < shape.vectors", "if vector + 1u < shape.vectors"),
        ("if column >= shape.columns", "if column + 1u >= shape.columns"),
        ("if index >= shape.columns", "if index + 1u >= shape.columns"),
        ("return group.y * groups.x + group.x", "return group.x"),
    ] {
        let finding = finding(right, wrong);
        assert!(finding.contains("never wrote"), "{wrong}: {finding}");
    }
}

#[test]
fn the_rows_that_were_never_written_are_counted() {
    let sources = planted("if row >= shape.rows", "if row + 3u >= shape.rows");
    let device = Device::with_sources(&sources).expect("kernels");
    let matrix = device.upload("W", &matrix(1, 10, 32), 10, 32).expect("a matrix");
    let unwritten = GpuError::Unwritten { kernel: "matvec", first: 7, count: 3, len: 10 };
    assert_eq!(matrix.multiply(&vectors(1, 32), 1), Err(unwritten.clone()));
    assert_eq!(
        unwritten.to_string(),
        "the kernel matvec never wrote 3 of its 10 values, the first at 7"
    );
}

#[test]
fn an_adapter_may_lose_the_sign_of_a_zero_that_it_adds() {
    // A zero that no compiler knows; Mesa takes away one that it does, against IEEE 754.
    let lossy =
        ("f32(nibble) * scale + bias", "f32(nibble) * scale + bias + f32(shape.vectors >> 31u)");
    let device = Device::with_sources(&planted(lossy.0, lossy.1)).expect("kernels");
    assert_eq!(all(&device), Ok(()));
    // That this adapter loses it is seen where nibble 0 is summed too.
    let summed =
        planted(lossy.0, lossy.1).planted("nibble == 0u", "nibble == 16u").expect("planted");
    all(&Device::with_sources(&summed).expect("kernels")).expect_err("-0 was kept");
}

#[test]
fn a_kernel_that_is_no_wgsl_is_refused_by_name() {
    let refused = Device::with_sources(&planted("fn matvec(", "fn matvek("));
    let Err(GpuError::Kernel { kernel, problem }) = refused else { panic!("{refused:?}") };
    assert_eq!(kernel, "matvec");
    assert!(problem.contains("entry point"), "{problem}");
    let sound = Device::open().expect("an adapter");
    assert_eq!(decodes(&sound, &blocks(1, 2), 64), Ok(()));
}
