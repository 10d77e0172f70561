fn finish_attention(t: u32, row: u32, results: vec4<f32>) {}
