// One row of a matrix, decoded: the embedding of a token. One weight a lane.

@group(0) @binding(2) var<storage, read_write> values: array<u32>;

@compute @workgroup_size(64)
fn row(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = group_number(group, groups) * 64u + lane;
    if column >= shape.columns {
        return;
    }
    let start = row_start(shape.row);
    let slot = start.y + column;
    values[column] = weight_bits(start.x + slot / BLOCK_WEIGHTS, slot % BLOCK_WEIGHTS);
}
