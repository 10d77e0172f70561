// Keys and values held as 16-bit floats, two in a word: (slots, C / 2). D is even.

@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<u32>;

fn key(slot: u32, head: u32, pair: u32) -> vec2<f32> {
    return unpack2x16float(keys[(slot * C + head * D) / 2u + pair]);
}

fn value(slot: u32, head: u32, pair: u32) -> vec2<f32> {
    return unpack2x16float(values[(slot * C + head * D) / 2u + pair]);
}
