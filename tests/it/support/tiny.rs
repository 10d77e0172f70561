//! A small GPT-2 in Hugging Face's layout with the vocabulary of the real ones, so that it takes text.

use std::path::Path;

use serde_json::{Map, json};

/// Channels of each token.
const WIDTH: usize = 8;
const POSITIONS: usize = 16;
const LAYERS: usize = 2;

/// Makes the directory: `config.json`, `model.safetensors`, and GPT-2's merges, which say that its words are GPT-2's.
pub(crate) fn hugging_face(directory: &Path, seed: u32) {
    of_context(directory, seed, POSITIONS);
}

/// The same with a context of so many tokens.
pub(crate) fn of_context(directory: &Path, seed: u32, positions: usize) {
    write(directory, positions, weights(seed, positions, None));
}

/// One whose scores are no numbers after its token of that `position`: what is added there is more than sums of 32 bits hold.
pub(crate) fn overflowing(directory: &Path, position: usize) {
    write(directory, POSITIONS, weights(1, POSITIONS, Some(position)));
}

fn write(directory: &Path, positions: usize, weights: Vec<u8>) {
    std::fs::create_dir_all(directory).unwrap();
    let config = json!({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new",
        "n_embd": WIDTH, "n_head": 2, "n_layer": LAYERS, "n_positions": positions, "vocab_size": 50257,
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": true,
    });
    std::fs::write(directory.join("config.json"), config.to_string()).unwrap();
    std::fs::write(directory.join("model.safetensors"), weights).unwrap();
    std::fs::write(directory.join("merges.txt"), megachat::assets::MERGES).unwrap();
}

/// The weights: float16, small, the same for the same seed.
pub(crate) fn safetensors(seed: u32) -> Vec<u8> {
    weights(seed, POSITIONS, None)
}

/// `overflowing` is a position whose embedding is near the largest number of 32 bits.
fn weights(seed: u32, positions: usize, overflowing: Option<usize>) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), Vec::new());
    let mut state = seed;
    for (name, shape) in shapes(positions) {
        let start = data.len();
        let large = overflowing.filter(|_| name == "wpe.weight");
        for at in 0..shape.iter().product::<usize>() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Between 2^-6 and 2^-2, of either sign.
            let bits =
                (state >> 16 & 0x8000) as u16 | (9 + (state >> 20) as u16 % 4) << 10 | (state >> 8) as u16 & 0x3ff;
            match large {
                Some(position) if at / WIDTH == position => data.extend(3e38_f32.to_le_bytes()),
                Some(_) => data.extend(half::f16::from_bits(bits).to_f32().to_le_bytes()),
                None => data.extend(bits.to_le_bytes()),
            }
        }
        header.insert(name, json!({"dtype": if large.is_some() { "F32" } else { "F16" }, "shape": shape, "data_offsets": [start, data.len()]}));
    }
    let mut header = serde_json::to_vec(&header).unwrap();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn shapes(positions: usize) -> Vec<(String, Vec<usize>)> {
    let c = WIDTH;
    let mut all = vec![("wte.weight".to_owned(), vec![50257, c]), ("wpe.weight".to_owned(), vec![positions, c])];
    for layer in 0..LAYERS {
        let parts: [(&str, &[usize]); 12] = [
            ("ln_1.weight", &[c]),
            ("ln_1.bias", &[c]),
            ("attn.c_attn.weight", &[c, 3 * c]),
            ("attn.c_attn.bias", &[3 * c]),
            ("attn.c_proj.weight", &[c, c]),
            ("attn.c_proj.bias", &[c]),
            ("ln_2.weight", &[c]),
            ("ln_2.bias", &[c]),
            ("mlp.c_fc.weight", &[c, 4 * c]),
            ("mlp.c_fc.bias", &[4 * c]),
            ("mlp.c_proj.weight", &[4 * c, c]),
            ("mlp.c_proj.bias", &[c]),
        ];
        all.extend(parts.iter().map(|(name, shape)| (format!("h.{layer}.{name}"), shape.to_vec())));
    }
    all.extend([("ln_f.weight".to_owned(), vec![c]), ("ln_f.bias".to_owned(), vec![c])]);
    all
}
