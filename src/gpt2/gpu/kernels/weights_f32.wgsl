// Weights held as 32-bit floats: (rows, KP), KP a multiple of 32, zeros beyond the columns that there are.

fn weights16(row: u32, k: u32) -> array<vec4<f32>, 4> {
    let at = (row * KP + k) / 4u;
    return array<vec4<f32>, 4>(
        bitcast<vec4<f32>>(weights[at]),
        bitcast<vec4<f32>>(weights[at + 1u]),
        bitcast<vec4<f32>>(weights[at + 2u]),
        bitcast<vec4<f32>>(weights[at + 3u]),
    );
}
