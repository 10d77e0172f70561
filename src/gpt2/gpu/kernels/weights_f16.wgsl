// Weights held as 16-bit floats, two in a word, the first in its lower half: (rows, KP), KP a multiple of 32, zeros
// beyond the columns that there are. No adapter need have 16-bit arithmetic for it.

fn weights8(words: vec4<u32>) -> array<vec4<f32>, 2> {
    return array<vec4<f32>, 2>(
        vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)),
        vec4<f32>(unpack2x16float(words.z), unpack2x16float(words.w)),
    );
}

fn weights16(row: u32, k: u32) -> array<vec4<f32>, 4> {
    let at = (row * KP + k) / 8u;
    let first = weights8(weights[at]);
    let second = weights8(weights[at + 1u]);
    return array<vec4<f32>, 4>(first[0], first[1], second[0], second[1]);
}
