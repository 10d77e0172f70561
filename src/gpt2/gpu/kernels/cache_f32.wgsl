// Keys and values held as 32-bit floats: (slots, C).

@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read> values: array<f32>;

fn pair_at(slot: u32, head: u32, pair: u32) -> u32 {
    return slot * C + head * D + 2u * pair;
}

fn key(slot: u32, head: u32, pair: u32) -> vec2<f32> {
    let at = pair_at(slot, head, pair);
    // A head of an odd width has no second one: its query has a zero there.
    return vec2<f32>(keys[at], keys[min(at + 1u, arrayLength(&keys) - 1u)]);
}

fn value(slot: u32, head: u32, pair: u32) -> vec2<f32> {
    let at = pair_at(slot, head, pair);
    return vec2<f32>(values[at], values[min(at + 1u, arrayLength(&values) - 1u)]);
}
