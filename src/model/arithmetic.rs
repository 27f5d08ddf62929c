//! What a layer does beside its products: norms and the functions of one value, in f32.

/// Epsilon under the root of [`l2_normalised`], which the architecture fixes.
const L2_EPSILON: f32 = 1e-6;

/// 1 / (1 + e^-x).
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// x * sigmoid(x).
pub(super) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// ln(1 + e^x); from 20 on that is x.
pub(super) fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

/// The sum of products of two slices of one length.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Each run of `weight.len()` values divided by its root mean square, then times 1 + `weight`: the norm
/// of the residual stream, and of queries and keys.
pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mut normed = x.to_vec();
    for run in normed.chunks_exact_mut(weight.len()) {
        let factor = inverse_root_mean_square(run, epsilon);
        for (value, weight) in run.iter_mut().zip(weight) {
            *value = *value * factor * (1.0 + weight);
        }
    }
    normed
}

/// The norm of the delta net's output: each run divided by its root mean square, times `weight`, times
/// silu of its gate.
pub(super) fn gated_rms_norm(x: &mut [f32], gate: &[f32], weight: &[f32], epsilon: f32) {
    let runs = x.chunks_exact_mut(weight.len()).zip(gate.chunks_exact(weight.len()));
    for (run, gate) in runs {
        let factor = inverse_root_mean_square(run, epsilon);
        for ((value, weight), gate) in run.iter_mut().zip(weight).zip(gate) {
            *value = *value * factor * weight * silu(*gate);
        }
    }
}

/// `x` divided by its length, as a vector, times `scale`.
pub(super) fn l2_normalised(x: &[f32], scale: f32) -> Vec<f32> {
    let factor = 1.0 / (dot(x, x) + L2_EPSILON).sqrt();
    x.iter().map(|value| value * factor * scale).collect()
}

/// e to each value, divided by their sum. The largest is taken off before, so that none overflows.
pub(super) fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in &mut *scores {
        *score = (*score - largest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

fn inverse_root_mean_square(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + epsilon).sqrt()
}
