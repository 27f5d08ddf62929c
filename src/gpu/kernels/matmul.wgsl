// A matrix times several vectors (SPEC DOT): as with one, but a group takes a row and four vectors, so that
// a weight is decoded once for all four.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const LANES = 64u;
const TILE = 4u;

var<workgroup> sums: array<vec4<f32>, LANES>;

@compute @workgroup_size(64)
fn matmul(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_number(group, groups);
    let row = number % shape.rows;
    let tile = number / shape.rows;
    let tiles = (shape.vectors + TILE - 1u) / TILE;
    if tile >= tiles {
        return;
    }
    // A tile that is not full computes its last vector again, and writes it once.
    let vectors = tile * TILE + vec4<u32>(0u, 1u, 2u, 3u);
    let offsets = min(vectors, vec4<u32>(shape.vectors - 1u)) * shape.columns;
    let start = row_start(row);
    let end = start.y + shape.columns;
    var sum = vec4<f32>();
    for (var first = lane * BLOCK_WEIGHTS; first < end; first += LANES * BLOCK_WEIGHTS) {
        let block = start.x + first / BLOCK_WEIGHTS;
        let scale = bitcast<f32>(scale_bits(block));
        let bias = bitcast<f32>(bias_bits(block));
        for (var word = 0u; word < 4u; word++) {
            let from_slot = first + word * WORD_WEIGHTS;
            let packed = nibbles(block, word);
            for (var slot = max(from_slot, start.y); slot < min(from_slot + WORD_WEIGHTS, end); slot++) {
                let nibble = (packed >> (4u * (slot - from_slot))) & 15u;
                let at = offsets + (slot - start.y);
                sum += weight(nibble, scale, bias) * vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
            }
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
        if lane < stride {
            sums[lane] += sums[lane + stride];
        }
        workgroupBarrier();
    }
    if lane < TILE {
        let vector = tile * TILE + lane;
        if vector < shape.vectors {
            y[vector * shape.rows + row] = sums[0][lane];
        }
    }
}
