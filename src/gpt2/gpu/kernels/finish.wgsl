// What becomes of four neighbouring results of a product, rows `row` to `row + 3` for the token `t`, row being a multiple of 4.
//
// MODE 0, scores:     output[t, FIRST + row] = sum
// MODE 1, residual:   output[t, row] += sum + bias
// MODE 2, GELU:       output[t, row] = gelu(sum + bias), by tanh
// MODE 3, GELU:       output[t, row] = gelu(sum + bias), by erf
// MODE 4, attention:  rows [0, C) are queries, (T, STRIDE); [C, 2C) keys and [2C, 3C) values, which go to the token's slot

override MODE: u32;
override ROWS: u32;
override FIRST: u32 = 0u;
override STRIDE: u32;

fn gelu_tanh(x: f32) -> f32 {
    // Some compilers' fast tanh is NaN for large arguments; beyond 10 it is 1.
    let inner = clamp(0.7978845608028654 * (x + 0.044715 * x * x * x), -10.0, 10.0);
    return 0.5 * x * (1.0 + tanh(inner));
}

// Abramowitz and Stegun, 7.1.26: the largest error of erf is 1.5e-7.
fn gelu_erf(x: f32) -> f32 {
    let z = abs(x) * 0.7071067811865476;
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    let erf = 1.0 - series * exp(-z * z);
    return 0.5 * x * (1.0 + sign(x) * erf);
}

// Scores are made of some tokens only, all else of all.
fn tokens_of_pass() -> u32 {
    return select(rows[0].x, rows[0].z, MODE == 0u);
}

fn finish(t: u32, row: u32, sums: vec4<f32>) {
    if t >= tokens_of_pass() || row >= ROWS {
        return;
    }
    var results = sums;
    if MODE != 0u {
        results += vectors[row / 4u];
    }
    if MODE == 4u {
        finish_attention(t, row, results);
        return;
    }
    for (var part = 0u; part < 4u && row + part < ROWS; part++) {
        let at = t * STRIDE + FIRST + row + part;
        let result = results[part];
        if MODE == 1u {
            output[at] += result;
        } else if MODE == 2u {
            output[at] = gelu_tanh(result);
        } else if MODE == 3u {
            output[at] = gelu_erf(result);
        } else {
            output[at] = result;
        }
    }
}
