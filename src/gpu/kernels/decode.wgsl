// Blocks to f32: `columns` weights, one a lane. What a partial last block holds behind them is not read.

@group(0) @binding(2) var<storage, read_write> values: array<u32>;

@compute @workgroup_size(64)
fn decode(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group_number(group, groups) * 64u + lane;
    if index >= shape.columns {
        return;
    }
    values[index] = weight_bits(index / BLOCK_WEIGHTS, index % BLOCK_WEIGHTS);
}
