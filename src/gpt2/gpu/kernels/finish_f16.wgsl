// Keys and values held as 16-bit floats, two in a word: (slots, C / 2). C is even, so that no pair is of two kinds.

@group(0) @binding(5) var<storage, read_write> keys: array<u32>;
@group(0) @binding(6) var<storage, read_write> values: array<u32>;

fn finish_attention(t: u32, row: u32, results: vec4<f32>) {
    let channels = ROWS / 3u;
    let slot = rows[1u + t].w;
    for (var part = 0u; part < 4u && row + part < ROWS; part += 2u) {
        let which = (row + part) / channels;
        let channel = (row + part) % channels;
        let both = vec2<f32>(results[part], results[part + 1u]);
        let at = (slot * channels + channel) / 2u;
        if which == 0u {
            output[t * STRIDE + channel] = both.x;
            output[t * STRIDE + channel + 1u] = both.y;
        } else if which == 1u {
            keys[at] = pack2x16float(both);
        } else {
            values[at] = pack2x16float(both);
        }
    }
}
