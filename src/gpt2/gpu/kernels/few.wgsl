// A product for few tokens: y[t] = W x[t], or W layernorm(x[t]), then what `finish` does with it. Four rows of W a group; its
// threads share the columns.
//
// weights (ROWS, KP) · vectors: bias (ROWS, up to a multiple of 4); from GAIN on the norm's gain (KP) and bias (KP)
// input (tokens, KP), zeros beyond K · rows: (T, first token to be scored, how many, -), then one for each token
//
// The layer norm's mean and variance are computed by every group anew: its thousand numbers come from the cache, which is
// cheaper than a dispatch.

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<vec4<u32>>;

override K: u32;
override KP: u32;
// Whether there is a norm, and where its gain begins, in vectors of four.
override NORM: u32;
override GAIN: u32;
override EPSILON: f32;

fn x4(t: u32, k: u32) -> vec4<f32> {
    // Scores are made of some tokens only.
    let token = select(t, t + rows[0].y, MODE == 0u);
    return input[(token * KP + k) / 4u];
}

fn main_of(group: vec3<u32>, lane: u32) {
    let row = group.x * 4u;
    var means: array<f32, COLUMNS>;
    var scales: array<f32, COLUMNS>;
    if NORM == 1u {
        for (var t = 0u; t < COLUMNS; t++) {
            var sum = vec4<f32>(0.0);
            for (var k = lane * 4u; k < KP; k += GROUP * 4u) {
                sum += x4(t, k);
            }
            let total = sum_of_group(sum, lane);
            let mean = (total.x + total.y + total.z + total.w) / f32(K);
            var squares = vec4<f32>(0.0);
            for (var k = lane * 4u; k < KP; k += GROUP * 4u) {
                let index = vec4<u32>(k, k + 1u, k + 2u, k + 3u);
                let difference = select(vec4<f32>(0.0), x4(t, k) - mean, index < vec4<u32>(K));
                squares += difference * difference;
            }
            let variance = sum_of_group(squares, lane);
            means[t] = mean;
            scales[t] = inverseSqrt((variance.x + variance.y + variance.z + variance.w) / f32(K) + EPSILON);
        }
    }
    var sums: array<vec4<f32>, COLUMNS>;
    let last = ROWS - 1u;
    let bias = GAIN + KP / 4u;
    for (var k = lane * 16u; k < KP; k += GROUP * 16u) {
        let a = weights16(min(row, last), k);
        let b = weights16(min(row + 1u, last), k);
        let c = weights16(min(row + 2u, last), k);
        let d = weights16(min(row + 3u, last), k);
        for (var t = 0u; t < COLUMNS; t++) {
            var sum = sums[t];
            for (var part = 0u; part < 4u; part++) {
                var x = x4(t, k + part * 4u);
                if NORM == 1u {
                    let at = k / 4u + part;
                    x = (x - means[t]) * scales[t] * vectors[GAIN + at] + vectors[bias + at];
                }
                sum += vec4<f32>(dot(a[part], x), dot(b[part], x), dot(c[part], x), dot(d[part], x));
            }
            sums[t] = sum;
        }
    }
    for (var t = 0u; t < COLUMNS; t++) {
        let sum = sum_of_group(sums[t], lane);
        if lane == 0u {
            finish(t, row, sum);
        }
    }
}
