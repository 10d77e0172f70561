// A product for many tokens: y = x Wᵀ, then what `finish` does with it. A group makes 64 tokens x 64 rows, its 256 threads
// four by four each, from pieces of 16 columns that lie in the group's memory.
//
// weights (ROWS, KP) · vectors: bias (ROWS, up to a multiple of 4) · input (tokens, KP), zeros beyond K
// rows: (T, first token to be scored, how many, -), then one for each token

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<vec4<u32>>;

override KP: u32;

// (16 columns, 64), one number further in each column, so that threads beside each other meet different banks.
const PITCH: u32 = 65u;
var<workgroup> w_piece: array<f32, 1040>;
var<workgroup> x_piece: array<f32, 1040>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first_row = group.x * 64u;
    let first_token = group.y * 64u;
    let count = tokens_of_pass();
    let across = (lane % 16u) * 4u;
    let down = (lane / 16u) * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var k = 0u; k < KP; k += 16u) {
        if lane < 64u {
            let some = weights16(min(first_row + lane, ROWS - 1u), k);
            for (var part = 0u; part < 16u; part++) {
                w_piece[part * PITCH + lane] = some[part / 4u][part % 4u];
            }
        }
        let token = lane / 4u;
        let quarter = (lane % 4u) * 4u;
        let t = min(first_token + token, count - 1u);
        let x = input[(t * KP + k + quarter) / 4u];
        for (var part = 0u; part < 4u; part++) {
            x_piece[(quarter + part) * PITCH + token] = x[part];
        }
        workgroupBarrier();
        for (var part = 0u; part < 16u; part++) {
            let at = part * PITCH;
            let w = vec4<f32>(
                w_piece[at + across],
                w_piece[at + across + 1u],
                w_piece[at + across + 2u],
                w_piece[at + across + 3u],
            );
            for (var token = 0u; token < 4u; token++) {
                sums[token] += w * x_piece[at + down + token];
            }
        }
        workgroupBarrier();
    }
    for (var token = 0u; token < 4u; token++) {
        finish(first_token + down + token, first_row + across, sums[token]);
    }
}
