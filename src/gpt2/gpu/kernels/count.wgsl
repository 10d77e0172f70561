// Counts the submissions that were carried out: counter[0] += 1. Some drivers drop commands that fail and say that they were
// done; what was computed before would be taken for what is computed now.

@group(0) @binding(0) var<storage, read_write> counter: array<u32>;

@compute @workgroup_size(1)
fn main() {
    counter[0] += 1u;
}
