// The sum of a vector over all threads of a group, for every thread: halves are added until one is left.

var<workgroup> partial: array<vec4<f32>, GROUP>;

fn sum_of_group(value: vec4<f32>, lane: u32) -> vec4<f32> {
    // What was read of the sum before must have been read.
    workgroupBarrier();
    partial[lane] = value;
    for (var half = GROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            partial[lane] += partial[lane + half];
        }
    }
    workgroupBarrier();
    return partial[0];
}

@compute @workgroup_size(GROUP)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    main_of(group, lane);
}
