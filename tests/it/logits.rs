//! The numbers are right: against Hugging Face's, against candle-transformers' `BigCode`, and against themselves.

use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bigcode;
use megachat::TokenId;
use megachat::assets;
use megachat::checkpoint::{Activation, Config};
use megachat::engine::load::load_model;
use megachat::engine::protocol::{DeviceChoice, ModelSource, Said};
use megachat::gpt2::cpu::{self, CpuOptions, Isa};
use megachat::gpt2::{CandleModel, Model, Precision, Scores};
use serde_json::Value;

use crate::support::demo_directory;
use crate::support::gpus::gpus;
use crate::support::noise::Noise;

fn demo(precision: Precision) -> Box<dyn Model> {
    demo_on(megachat::model::Device::Cpu, precision)
}

fn demo_on(device: megachat::model::Device, precision: Precision) -> Box<dyn Model> {
    let source = ModelSource {
        name: "demo".into(),
        directory: demo_directory(),
        device: DeviceChoice::On(device),
        precision: Some(precision),
        threads: Some(2),
        said: Said::default(),
    };
    load_model(&source, &mut |_, _| ()).unwrap().model
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo").join(name)
}

fn cases() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(data("cases.json")).unwrap()).unwrap()
}

fn ids(case: &Value, key: &str) -> Vec<TokenId> {
    case[key].as_array().unwrap().iter().map(|it| it.as_u64().unwrap() as TokenId).collect()
}

/// The numbers of a version-1 `.npy` file of little-endian floats.
fn read_npy(path: &std::path::Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[10..start]).contains("'<f4'"));
    bytes[start..].chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect()
}

fn last_logits(model: &mut dyn Model, tokens: &[TokenId]) -> Vec<f32> {
    let mut out = vec![0.0; model.vocabulary()];
    model.rewind(0);
    model.extend(tokens, Scores::Last(&mut out), &mut || true).unwrap();
    out
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn argmax(row: &[f32]) -> TokenId {
    (0..).zip(row).max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
}

/// Mean negative log-likelihood of `tokens` after their first, natural, per token.
fn mean_loss(model: &mut dyn Model, tokens: &[TokenId]) -> f64 {
    let v = model.vocabulary();
    let mut losses = 0.0;
    let mut hear = |index: usize, row: &[f32]| {
        assert_eq!(row.len(), v);
        let Some(&target) = tokens.get(index + 1) else { return };
        let largest = f64::from(row.iter().copied().fold(f32::MIN, f32::max));
        let sum: f64 = row.iter().map(|&it| (f64::from(it) - largest).exp()).sum();
        losses += largest + sum.ln() - f64::from(row[target as usize]);
    };
    model.rewind(0);
    model.extend(tokens, Scores::Each(&mut hear), &mut || true).unwrap();
    losses / (tokens.len() - 1) as f64
}

#[test]
fn logits_agree_with_hugging_face() {
    let mut model = demo(Precision::F32);
    for case in cases() {
        let tokens = ids(&case, "ids");
        assert_eq!(assets::vocabulary().encode(case["prompt"].as_str().unwrap()).unwrap().tokens, tokens);
        let expected = read_npy(&data(case["logits"].as_str().unwrap()));
        let difference = largest_difference(&last_logits(&mut *model, &tokens), &expected);
        println!("{:>4} tokens: largest difference {difference:.2e}", tokens.len());
        assert!(difference <= 2e-3, "{difference}");
        if let Some(loss) = case["mean_loss"].as_f64() {
            assert!((mean_loss(&mut *model, &tokens) - loss).abs() < 1e-3);
        }
    }
}

#[test]
fn logits_on_gpus_agree_with_hugging_face() {
    for adapter in gpus() {
        for (precision, tolerance, of_loss) in
            [(Precision::F32, 2e-3, 1e-3), (Precision::F16, 3e-2, 2e-3), (Precision::Q8, 1.0, 2e-2)]
        {
            let mut model = demo_on(adapter.device(), precision);
            for case in cases() {
                let tokens = ids(&case, "ids");
                let expected = read_npy(&data(case["logits"].as_str().unwrap()));
                let difference = largest_difference(&last_logits(&mut *model, &tokens), &expected);
                println!("{} {:>4} tokens: largest difference {difference:.2e}", precision.name(), tokens.len());
                assert!(difference <= tolerance, "{}: {difference}", precision.name());
                if let Some(loss) = case["mean_loss"].as_f64() {
                    let difference = (mean_loss(&mut *model, &tokens) - loss).abs();
                    println!("{} mean loss differs by {difference:.2e}", precision.name());
                    assert!(difference < of_loss, "{}: {difference}", precision.name());
                }
            }
        }
        greedy_tokens_agree(&mut *demo_on(adapter.device(), Precision::F32));
    }
}

#[test]
fn greedy_tokens_agree_with_hugging_face() {
    greedy_tokens_agree(&mut *demo(Precision::F32));
}

fn greedy_tokens_agree(model: &mut dyn Model) {
    // The longest prompt leaves no room for 40 more tokens in the context.
    let fits = |case: &Value| ids(case, "ids").len() + 40 <= 512;
    let cases: Vec<Value> = cases().into_iter().filter(fits).collect();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut out = last_logits(model, &ids(&case, "ids"));
        let mut drawn = Vec::new();
        for _ in 0..40 {
            drawn.push(argmax(&out));
            model.extend(&drawn[drawn.len() - 1..], Scores::Last(&mut out), &mut || true).unwrap();
        }
        assert_eq!(drawn, ids(&case, "greedy_40"), "{}", case["prompt"]);
    }
}

#[test]
fn every_position_agrees_with_hugging_face_for_one_some_and_all_tokens() {
    let config = Config {
        vocab_size: 211,
        n_positions: 1024,
        n_embd: 64,
        n_layer: 3,
        n_head: 4,
        n_inner: 256,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    let mut noise = Noise { width: 64, vocabulary: 211, positions: 1024 };
    for isa in Isa::available() {
        let options = CpuOptions { precision: Precision::F32, threads: 2, isa };
        let mut model = cpu::load(&config, &mut noise, options, &mut |_| (), &mut |_| ()).unwrap();
        for count in [1_u32, 17, 1024] {
            let tokens: Vec<TokenId> = (0..count).map(|it| (it * 37 + 11) % 211).collect();
            let expected = read_npy(&data(&format!("../noise/logits_{count}.npy")));
            // Each thirteenth score of each position.
            let mut found = Vec::new();
            model.rewind(0);
            let mut hear = |_: usize, row: &[f32]| found.extend(row.iter().step_by(13));
            model.extend(&tokens, Scores::Each(&mut hear), &mut || true).unwrap();
            let difference = largest_difference(&found, &expected);
            println!("{}, {count} tokens: largest difference {difference:.2e}", isa.name());
            assert!(difference <= 1e-3, "{} {count}: {difference}", isa.name());
        }
    }
}

#[test]
fn a_second_implementation_agrees() {
    // With one head, BigCode's shared keys and values are GPT-2's own. Its matrices are (out, in), GPT-2's (in, out).
    let (width, vocabulary, positions, layers) = (64, 211, 40, 3);
    let mut noise = Noise { width, vocabulary, positions };
    let config = Config {
        vocab_size: vocabulary,
        n_positions: positions,
        n_embd: width,
        n_layer: layers,
        n_head: 1,
        n_inner: 4 * width,
        layer_norm_epsilon: 1e-5,
        activation: Activation::GeluTanh,
        tie_word_embeddings: true,
    };
    let twin_config = bigcode::Config {
        vocab_size: vocabulary,
        max_position_embeddings: positions,
        num_hidden_layers: layers,
        hidden_size: width,
        layer_norm_epsilon: 1e-5,
        n_inner: None,
        num_attention_heads: 1,
        multi_query: true,
        use_cache: false,
    };
    let blocks = ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"];
    let mut names: Vec<String> = ["wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias"].map(Into::into).to_vec();
    for layer in 0..layers {
        names.extend(blocks.iter().flat_map(|it| ["weight", "bias"].map(|part| format!("h.{layer}.{it}.{part}"))));
    }
    let tensors = names.iter().map(|name| {
        let it = Tensor::from_vec(noise.numbers(name), noise.shape(name), &Device::Cpu).unwrap();
        let is_matrix = it.rank() == 2 && name.starts_with("h.");
        let it = if is_matrix { it.t().unwrap().contiguous().unwrap() } else { it };
        (format!("transformer.{name}"), it)
    });
    let vars = VarBuilder::from_tensors(tensors.collect(), DType::F32, &Device::Cpu);
    let mut twin = bigcode::GPTBigCode::load(vars, twin_config).unwrap();
    let mut ours = CandleModel::load(&config, &mut noise, &Device::Cpu, Precision::F32, &mut |_| ()).unwrap();
    let tokens: Vec<TokenId> = (0..37).map(|it| it * 5 % 211).collect();
    let input = Tensor::new(&*tokens, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let expected = twin.forward(&input, 0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let difference = largest_difference(&last_logits(&mut ours, &tokens), &expected);
    let largest = expected.iter().fold(0.0_f32, |top, it| top.max(it.abs()));
    println!("largest difference {difference:.2e}, largest logit {largest:.2}");
    assert!(difference < 1e-4 && largest > 0.1, "{difference}, {largest}");
}

#[test]
fn one_block_token_by_token_and_after_a_cut_agree() {
    let mut model = demo(Precision::F32);
    let tokens = assets::vocabulary()
        .encode("One day, a little bear found a shiny red ball under the old tree.")
        .unwrap()
        .tokens;
    let whole = last_logits(&mut *model, &tokens);
    let mut out = vec![0.0; whole.len()];
    model.rewind(0);
    for token in &tokens {
        model.extend(std::slice::from_ref(token), Scores::Last(&mut out), &mut || true).unwrap();
    }
    assert!(largest_difference(&out, &whole) < 1e-3);
    model.rewind(5);
    assert_eq!(model.position(), 5);
    model.extend(&tokenizer_noise(), Scores::None, &mut || true).unwrap();
    model.rewind(5);
    model.extend(&tokens[5..], Scores::Last(&mut out), &mut || true).unwrap();
    assert!(largest_difference(&out, &whole) < 1e-3);
}

fn tokenizer_noise() -> Vec<TokenId> {
    assets::vocabulary().encode(" something else entirely").unwrap().tokens
}

#[test]
fn the_context_ends_where_it_says() {
    let mut model = demo(Precision::Q8);
    let tokens = vec![13; 512];
    model.extend(&tokens, Scores::None, &mut || true).unwrap();
    let error = model.extend(&[13], Scores::None, &mut || true).unwrap_err().to_string();
    assert_eq!((error.as_str(), model.position()), ("513 positions are needed, the context has 512", 512));
    model.rewind(0);
    assert!(model.extend(&[50_257], Scores::None, &mut || true).unwrap_err().to_string().contains("token 50257"));
}

#[test]
fn lower_precisions_cost_little() {
    let text = "Once upon a time, there was a little girl named Lily. She loved to play outside in the sun. One day, \
        she found a big, red ball. She was so happy and excited to play with it. Her mom said, \"Be careful with the \
        ball, Lily. It is very bouncy.\" Lily threw the ball up high, and it flew over the fence into the garden.";
    let tokens = assets::vocabulary().encode(text).unwrap().tokens;
    let exact = mean_loss(&mut *demo(Precision::F32), &tokens);
    for (precision, tolerance) in [(Precision::F16, 0.002), (Precision::Bf16, 0.02), (Precision::Q8, 0.02)] {
        let loss = mean_loss(&mut *demo(precision), &tokens);
        println!("{}: loss {loss:.4}, f32 {exact:.4}", precision.name());
        assert!((loss - exact).abs() < tolerance, "{}: {loss} against {exact}", precision.name());
    }
}
