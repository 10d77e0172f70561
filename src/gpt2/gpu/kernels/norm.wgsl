// The layer norm of each token: output[t] = (input[t] - mean) / sqrt(variance + EPSILON) * gain + bias. A group a token.
//
// vectors: from GAIN on gain (KP) and bias (KP), zeros beyond K
// input (tokens, KP); where SCORED is 1 from the first token on that is to be scored · output (tokens, KP)
// rows: (T, first token to be scored, -, -)

@group(0) @binding(0) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;

// Where the gain begins, in vectors of four.
override GAIN: u32;
override SCORED: u32;
override K: u32;
override KP: u32;
override EPSILON: f32;

fn main_of(group: vec3<u32>, lane: u32) {
    let start = (group.x + SCORED * rows[0].y) * KP / 4u;
    let result = group.x * KP / 4u;
    var sum = vec4<f32>(0.0);
    for (var k = lane; k < KP / 4u; k += GROUP) {
        sum += input[start + k];
    }
    let total = sum_of_group(sum, lane);
    let mean = (total.x + total.y + total.z + total.w) / f32(K);
    var squares = vec4<f32>(0.0);
    for (var k = lane; k < KP / 4u; k += GROUP) {
        let index = vec4<u32>(4u * k, 4u * k + 1u, 4u * k + 2u, 4u * k + 3u);
        let difference = select(vec4<f32>(0.0), input[start + k] - mean, index < vec4<u32>(K));
        squares += difference * difference;
    }
    let variance = sum_of_group(squares, lane);
    let scale = inverseSqrt((variance.x + variance.y + variance.z + variance.w) / f32(K) + EPSILON);
    let bias = GAIN + KP / 4u;
    for (var k = lane; k < KP / 4u; k += GROUP) {
        output[result + k] = (input[start + k] - mean) * scale * vectors[GAIN + k] + vectors[bias + k];
    }
}
