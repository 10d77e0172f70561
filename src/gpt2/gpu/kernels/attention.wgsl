// Attention of one head for one token a group: output = softmax(q kᵀ / sqrt(D)) v over all positions up to the token's own.
//
// queries (tokens, STRIDE) · keys and values (slots, C) · output (tokens, STRIDE)
// rows: one for each token from the second on: (token, position, start of its sequence's table, slot)
// tables: the slot of each position of each sequence; so sequences that began alike share what they have in common
//
// Positions come in pieces of GROUP. Softmax is that of Milakov and Gimelshein (2018): sums are scaled anew where a
// larger score appears.

@group(0) @binding(0) var<storage, read> queries: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> tables: array<u32>;

override C: u32;
override D: u32;
override STRIDE: u32;

// Numbers of a query; the largest head has as many.
var<workgroup> query: array<vec2<f32>, 256>;
var<workgroup> scores: array<f32, GROUP>;
var<workgroup> slots: array<u32, GROUP>;
var<workgroup> parts: array<vec2<f32>, GROUP>;
var<workgroup> largest: array<f32, GROUP>;

fn largest_of_group(value: f32, lane: u32) -> f32 {
    workgroupBarrier();
    largest[lane] = value;
    for (var half = GROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            largest[lane] = max(largest[lane], largest[lane + half]);
        }
    }
    workgroupBarrier();
    return largest[0];
}

fn main_of(group: vec3<u32>, lane: u32) {
    let head = group.x;
    let t = group.y;
    let row = rows[1u + t];
    let length = row.y + 1u;
    let pairs = (D + 1u) / 2u;
    let start = t * STRIDE + head * D;
    let scale = inverseSqrt(f32(D));
    for (var pair = lane; pair < pairs; pair += GROUP) {
        let second = select(0.0, queries[start + min(2u * pair + 1u, D - 1u)], 2u * pair + 1u < D);
        query[pair] = vec2<f32>(queries[start + 2u * pair], second) * scale;
    }
    // Threads share the values: each has a pair of channels and every `among`-th position.
    let among = GROUP / pairs;
    let own_pair = lane % pairs;
    let own_part = lane / pairs;
    var top = -3.0e38;
    var total = 0.0;
    var sum = vec2<f32>(0.0);
    for (var first = 0u; first < length; first += GROUP) {
        // The query is there, and what was made of the piece before has been read.
        workgroupBarrier();
        let position = first + lane;
        var score = -3.0e38;
        if position < length {
            let slot = tables[row.z + position];
            slots[lane] = slot;
            var product = 0.0;
            for (var pair = 0u; pair < pairs; pair++) {
                product += dot(query[pair], key(slot, head, pair));
            }
            score = product;
        }
        let new_top = max(top, largest_of_group(score, lane));
        let weight = select(0.0, exp(score - new_top), position < length);
        scores[lane] = weight;
        let sums = sum_of_group(vec4<f32>(weight, 0.0, 0.0, 0.0), lane);
        let shrink = exp(top - new_top);
        total = total * shrink + sums.x;
        sum *= shrink;
        top = new_top;
        if own_part < among {
            let here = min(length - first, GROUP);
            for (var at = own_part; at < here; at += among) {
                sum += scores[at] * value(slots[at], head, own_pair);
            }
        }
    }
    workgroupBarrier();
    parts[lane] = sum;
    workgroupBarrier();
    if lane < pairs {
        for (var part = 1u; part < among; part++) {
            sum += parts[part * pairs + lane];
        }
        let result = sum / total;
        output[start + 2u * lane] = result.x;
        if 2u * lane + 1u < D {
            output[start + 2u * lane + 1u] = result.y;
        }
    }
}
