//! `megachat model compare`: one model, one but for rounding, and two.

use std::fs;
use std::path::Path;

use megachat::checkpoint::Limits;
use megachat::checkpoint::safetensors::read_header;
use serde_json::Value;

use crate::support::demo_directory;
use crate::support::program::{Home, err, megachat, out};

fn compare(home: &Home, arguments: &[&str]) -> Value {
    let output = megachat(home.path(), &[&["model", "compare", "--device", "cpu", "--json"], arguments].concat());
    let output = { output }.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The demo in a directory of its own, with every number of a tensor changed by a factor; its name is the first of the weights'.
fn changed(directory: &Path, tensor: &str, factor: f32) {
    fs::create_dir(directory).unwrap();
    for name in ["config.json", "merges.txt", "vocab.json", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(demo_directory().join(name), directory.join(name)).unwrap();
    }
    let mut bytes = fs::read(demo_directory().join("model.safetensors")).unwrap();
    let header = read_header(&mut &*bytes, bytes.len() as u64, &Limits::default()).unwrap();
    let entry = header.entries.iter().find(|it| it.name.ends_with(tensor)).unwrap();
    let start = header.bytes.len() + entry.start as usize;
    let count: usize = entry.shape.iter().product();
    for it in bytes[start..start + 2 * count].chunks_exact_mut(2) {
        let number = half::f16::from_le_bytes([it[0], it[1]]).to_f32() * factor;
        it.copy_from_slice(&half::f16::from_f32(number).to_le_bytes());
    }
    fs::write(directory.join("model.safetensors"), bytes).unwrap();
}

#[test]
fn one_model_is_told_from_two() {
    let home = Home::new();
    let same = compare(&home, &["demo", "demo"]);
    assert_eq!((&same["verdict"], &same["same_weights"]), (&"the same to the bit".into(), &true.into()));
    assert_eq!((&same["largest_logit_difference"], &same["same_likeliest"]), (&0.0.into(), &1.0.into()));
    let rounded = compare(&home, &["demo", "demo:q8"]);
    assert_eq!((&rounded["verdict"], &rounded["b"]["dtype"]), (&"the same but for rounding".into(), &"q8".into()));
    let kl = |it: &Value| it["kl_nats_per_token"].as_f64().unwrap();
    assert!(kl(&rounded) > 0.0 && kl(&rounded) < 0.05 && rounded["largest_logit_difference"].as_f64().unwrap() > 1e-3);
    let other = home.path().join("other");
    changed(&other, "h.1.mlp.c_fc.weight", 2.0);
    let two = compare(&home, &["demo", other.to_str().unwrap()]);
    assert_eq!(two["verdict"], "another model");
    assert!(two["first_tensor"].as_str().unwrap().ends_with("h.1.mlp.c_fc.weight"), "{two}");
    assert!(kl(&two) > kl(&rounded) && two["tensor_difference"].as_f64().unwrap() > 0.0);
}

/// Equal weights are no equal models where what stands between them differs, and other words make another model.
#[test]
fn a_configuration_and_a_vocabulary_are_part_of_a_model() {
    let home = Home::new();
    let other = home.path().join("other");
    changed(&other, "h.0.ln_1.bias", 1.0);
    let config = fs::read_to_string(other.join("config.json")).unwrap();
    assert!(config.contains("\"n_head\": 3"), "{config}");
    fs::write(other.join("config.json"), config.replace("\"n_head\": 3", "\"n_head\": 6")).unwrap();
    for names in [["demo", other.to_str().unwrap()], [other.to_str().unwrap(), "demo"]] {
        let found = compare(&home, &names);
        assert_eq!((&found["verdict"], &found["same_weights"]), (&"another model".into(), &false.into()), "{found}");
        assert!(found["weights_not_compared"].as_str().unwrap().starts_with("n_head is "), "{found}");
    }
    // Rows that the text does not reach differ, a little.
    let late = home.path().join("late");
    changed(&late, "wpe.weight", 1.001);
    assert_eq!(compare(&home, &["demo", late.to_str().unwrap()])["verdict"], "the same but for rounding");
    let words = home.path().join("words");
    changed(&words, "h.0.ln_1.bias", 1.0);
    for name in ["tokenizer.json", "vocab.json"] {
        let text = fs::read_to_string(words.join(name)).unwrap();
        let swapped =
            text.replace("\"hello\":", "\u{1}").replace("\"Hello\":", "\"hello\":").replace('\u{1}', "\"Hello\":");
        assert_ne!(text, swapped);
        fs::write(words.join(name), swapped).unwrap();
    }
    let found = compare(&home, &["demo", words.to_str().unwrap()]);
    assert_eq!((&found["verdict"], &found["kl_nats_per_token"]), (&"another model".into(), &Value::Null), "{found}");
    let table = megachat(home.path(), &["model", "compare", "--device", "cpu", "demo", words.to_str().unwrap()]);
    assert!(out(&{ table }.output().unwrap()).contains("their vocabularies differ"));
}

#[test]
fn people_are_told_the_same_and_what_is_wrong() {
    let home = Home::new();
    let text = home.path().join("text");
    fs::write(&text, "Once upon a time. ".repeat(200)).unwrap();
    let run = |arguments: &[&str]| {
        megachat(home.path(), &[&["model", "compare", "--device", "cpu"], arguments].concat()).output().unwrap()
    };
    let table = run(&["demo", "demo:f16", "--text", text.to_str().unwrap()]);
    assert_eq!(table.status.code(), Some(0), "{}", err(&table));
    assert!(out(&table).contains("tokens of the text") && out(&table).contains("KL(A, B)"), "{}", out(&table));
    fs::write(&text, "").unwrap();
    for (arguments, status) in [
        (&["demo"][..], 2),
        (&["demo", "nowhere"], 3),
        (&["demo", "demo", "--text", text.to_str().unwrap()], 1),
        (&["demo", "demo", "--text", "/nowhere/x"], 1),
    ] {
        assert_eq!(run(arguments).status.code(), Some(status), "{arguments:?}");
    }
}
