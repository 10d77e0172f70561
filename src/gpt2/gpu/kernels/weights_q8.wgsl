// Weights held as 8-bit integers in blocks of 32 columns: (rows, KP), four in a word, and behind all of them a 16-bit
// scale for each block, two in a word. SCALES is where those begin, in vectors of four words.

override SCALES: u32;

fn weights16(row: u32, k: u32) -> array<vec4<f32>, 4> {
    let at = row * KP + k;
    let block = at / 32u;
    let both = unpack2x16float(weights[SCALES + block / 8u][(block / 2u) % 4u]);
    let scale = select(both.x, both.y, block % 2u == 1u);
    let words = weights[at / 16u];
    return array<vec4<f32>, 4>(
        vec4<f32>(unpack4xI8(words.x)) * scale,
        vec4<f32>(unpack4xI8(words.y)) * scale,
        vec4<f32>(unpack4xI8(words.z)) * scale,
        vec4<f32>(unpack4xI8(words.w)) * scale,
    );
}
