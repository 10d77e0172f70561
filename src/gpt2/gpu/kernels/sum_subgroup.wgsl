// The sum of a vector over all threads of a group, for every thread: first within each subgroup, of whatever size, then of
// those sums. A group has at most as many subgroups as threads.

var<private> subgroup: u32;
var<private> subgroups: u32;
var<private> subgroup_lane: u32;
var<workgroup> partial: array<vec4<f32>, GROUP>;

fn sum_of_group(value: vec4<f32>, lane: u32) -> vec4<f32> {
    let own = subgroupAdd(value);
    // What was read of the sum before must have been read.
    workgroupBarrier();
    if subgroup_lane == 0u {
        partial[subgroup] = own;
    }
    workgroupBarrier();
    var sum = partial[0];
    for (var other = 1u; other < subgroups; other++) {
        sum += partial[other];
    }
    return sum;
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) own: u32,
    @builtin(num_subgroups) count: u32,
    @builtin(subgroup_invocation_id) own_lane: u32,
) {
    subgroup = own;
    subgroups = count;
    subgroup_lane = own_lane;
    main_of(group, lane);
}
