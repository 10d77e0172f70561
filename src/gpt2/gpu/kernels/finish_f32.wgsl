// Keys and values held as 32-bit floats: (slots, C).

@group(0) @binding(5) var<storage, read_write> keys: array<f32>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;

fn finish_attention(t: u32, row: u32, results: vec4<f32>) {
    let channels = ROWS / 3u;
    let slot = rows[1u + t].w;
    for (var part = 0u; part < 4u && row + part < ROWS; part++) {
        let which = (row + part) / channels;
        let channel = (row + part) % channels;
        if which == 0u {
            output[t * STRIDE + channel] = results[part];
        } else if which == 1u {
            keys[slot * channels + channel] = results[part];
        } else {
            values[slot * channels + channel] = results[part];
        }
    }
}
