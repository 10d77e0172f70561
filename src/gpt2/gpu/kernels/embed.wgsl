// Where a token begins: output[t] = W[token] + positions[position]. A group a token. W may be a piece of the word table, its
// rows FIRST to FIRST + ROWS - 1; tokens of other pieces are left to those.
//
// weights (ROWS, KP) · positions (N, KP) · output (tokens, KP) · rows: (T, -, -, -), then (token, position, -, -) for each

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> positions: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;

override ROWS: u32;
override FIRST: u32;
override KP: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = rows[1u + group.x];
    if row.x < FIRST || row.x >= FIRST + ROWS {
        return;
    }
    for (var k = lane * 16u; k < KP; k += 1024u) {
        let word = weights16(row.x - FIRST, k);
        for (var part = 0u; part < 4u; part++) {
            let at = k / 4u + part;
            output[group.x * KP / 4u + at] = word[part] + positions[row.y * KP / 4u + at];
        }
    }
}
