// A matrix times one vector (SPEC DOT): a group of lanes for each row, a block of the row for each lane in
// turn, and the lanes' sums added in pairs. A row may begin and end inside a block (DOT-4).

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const LANES = 64u;

var<workgroup> sums: array<f32, LANES>;

@compute @workgroup_size(64)
fn matvec(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_number(group, groups);
    if row >= shape.rows {
        return;
    }
    // Slots are counted from the block in which the row begins.
    let start = row_start(row);
    let end = start.y + shape.columns;
    var sum = 0.0;
    for (var first = lane * BLOCK_WEIGHTS; first < end; first += LANES * BLOCK_WEIGHTS) {
        let block = start.x + first / BLOCK_WEIGHTS;
        let scale = bitcast<f32>(scale_bits(block));
        let bias = bitcast<f32>(bias_bits(block));
        for (var word = 0u; word < 4u; word++) {
            let from_slot = first + word * WORD_WEIGHTS;
            let packed = nibbles(block, word);
            for (var slot = max(from_slot, start.y); slot < min(from_slot + WORD_WEIGHTS, end); slot++) {
                let nibble = (packed >> (4u * (slot - from_slot))) & 15u;
                sum += weight(nibble, scale, bias) * x[slot - start.y];
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
    if lane == 0u {
        y[row] = sums[0];
    }
}
