//! Models in several files, and weights in another precision.

use std::path::Path;

use half::{bf16, f16};
use megachat::checkpoint::safetensors::write_header;
use megachat::checkpoint::tensors::{Dtype, cast};
use megachat::directory::DirectoryError;
use megachat::install::convert::{ConvertError, Input, Options, convert};

use crate::checkpoint::{sorted, try_convert, two_heads};
use crate::support::torch_files::{
    Container, HEADS, Half, INNER, LAYERS, POSITIONS, ROWS, WIDTH, bytes_of, flat_file, gpt2, megatron, megatron_file,
    read_safetensors,
};

fn safetensors(model: &[(String, Half)]) -> Vec<u8> {
    let names: Vec<_> = model.iter().map(|(name, it)| (name.as_str(), Dtype::F16, it.shape.as_slice())).collect();
    let (mut bytes, _) = write_header(&names);
    for (_, it) in model {
        bytes.extend_from_slice(&bytes_of(&it.bits));
    }
    bytes
}

fn write_config(directory: &Path) {
    let text = format!(
        r#"{{"model_type": "gpt2", "n_embd": {WIDTH}, "n_head": {HEADS}, "n_layer": {LAYERS}, "n_inner": {INNER},
            "n_positions": {POSITIONS}, "vocab_size": {ROWS}}}"#
    );
    std::fs::write(directory.join("config.json"), text).unwrap();
}

fn index(of: impl Iterator<Item = (String, String)>) -> String {
    let map: serde_json::Map<String, serde_json::Value> = of.map(|(name, file)| (name, file.into())).collect();
    serde_json::json!({"metadata": {}, "weight_map": map}).to_string()
}

#[test]
fn a_model_in_several_files_is_one_model() {
    let model = gpt2();
    for (extension, base) in [("safetensors", "model"), ("bin", "pytorch_model")] {
        let directory = tempfile::tempdir().unwrap();
        write_config(directory.path());
        let parts: Vec<_> = model.chunks(9).collect();
        let name = |part: usize| format!("{base}-{:05}-of-{:05}.{extension}", part + 1, parts.len());
        for (number, part) in parts.iter().enumerate() {
            let bytes = if extension == "bin" { flat_file(Container::Zip, part) } else { safetensors(part) };
            std::fs::write(directory.path().join(name(number)), bytes).unwrap();
        }
        let of = model.iter().enumerate().map(|(index, (tensor, _))| (tensor.clone(), name(index / 9)));
        let path = directory.path().join(format!("{base}.{extension}.index.json"));
        std::fs::write(path, index(of)).unwrap();
        let (converted, found) = try_convert(Input::Path(directory.path()), &Options::default()).unwrap();
        assert_eq!(found, sorted(gpt2()));
        assert_eq!(converted.source_sha256, None);
        std::fs::remove_file(directory.path().join(name(1))).unwrap();
        let error = try_convert(Input::Path(directory.path()), &Options::default()).unwrap_err();
        assert!(
            matches!(&error, ConvertError::Directory(DirectoryError::MissingShard { name: missing, .. }) if missing.ends_with(&name(1))),
            "{error}"
        );
    }
}

#[test]
fn an_index_never_leads_out_of_its_directory() {
    for name in ["../x.safetensors", "/etc/passwd", "a/b", "..", ".hidden"] {
        let directory = tempfile::tempdir().unwrap();
        let text = index([("transformer.wte.weight".to_owned(), name.to_owned())].into_iter());
        std::fs::write(directory.path().join("model.safetensors.index.json"), text).unwrap();
        let error = try_convert(Input::Path(directory.path()), &Options::default()).unwrap_err();
        assert!(matches!(error, ConvertError::Directory(DirectoryError::Index { .. })), "{name}: {error}");
    }
}

/// Name and numbers.
type Numbers = (String, Vec<f32>);

/// Tensors of the result as 32-bit numbers, by name, and the type that `config.json` names.
fn converted(bytes: &[u8], dtype: Dtype, force: bool) -> Result<(Vec<Numbers>, String), ConvertError> {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    let options = Options { dtype: Some(dtype), force, ..two_heads() };
    let going = &mut |_| std::ops::ControlFlow::Continue(());
    convert(Input::Bytes { name: "", bytes }, &output, &options, going)?;
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(output.join("config.json")).unwrap()).unwrap();
    let bytes = std::fs::read(output.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut found = Vec::new();
    for (name, entry) in header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__") {
        let number = |at: usize| entry["data_offsets"][at].as_u64().unwrap() as usize;
        let data = &bytes[8 + length + number(0)..8 + length + number(1)];
        let numbers = match entry["dtype"].as_str().unwrap() {
            "F32" => data.chunks(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect(),
            "F16" => data.chunks(2).map(|it| f16::from_le_bytes(it.try_into().unwrap()).to_f32()).collect(),
            "BF16" => data.chunks(2).map(|it| bf16::from_le_bytes(it.try_into().unwrap()).to_f32()).collect(),
            other => panic!("{other}"),
        };
        found.push((name.clone(), numbers));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((found, config["torch_dtype"].as_str().unwrap().to_owned()))
}

#[test]
fn weights_are_written_in_the_precision_asked_for() {
    for version in [0, 3] {
        let extra: &[(&str, &[u8])] = if version == 0 { &[] } else { &[("checkpoint_version", b"K\x03")] };
        let file = megatron_file(Container::Legacy, true, &megatron(version, true, "attention"), extra);
        for (dtype, name) in [(Dtype::F32, "float32"), (Dtype::F16, "float16"), (Dtype::Bf16, "bfloat16")] {
            let (found, config) = converted(&file, dtype, false).unwrap();
            assert_eq!(config, name);
            let near = |bits: &u16| {
                let exact = f16::from_bits(*bits).to_f32();
                if dtype == Dtype::Bf16 { bf16::from_f32(exact).to_f32() } else { exact }
            };
            for ((name, numbers), (same, half)) in found.iter().zip(sorted(gpt2())) {
                let expected: Vec<f32> = half.bits.iter().map(near).collect();
                assert_eq!((name, numbers), (&same, &expected));
            }
        }
    }
}

#[test]
fn rounding_goes_to_the_nearest_even_and_what_overflows_is_counted() {
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
    // Worked by hand: 1 + 2^-11 lies between 1 and 1 + 2^-10, 1 + 3 * 2^-11 between that and 1 + 2^-9.
    let mut out = Vec::new();
    let ties = [1.0 + 1.0 / 2048.0, 1.0 + 3.0 / 2048.0, 65_519.0, -0.0];
    assert_eq!(cast(&bytes(&ties), Dtype::F32, Dtype::F16, &mut out), 0);
    assert_eq!(out, bytes_of(&[0x3c00, 0x3c02, 0x7bff, 0x8000]));
    let mut out = Vec::new();
    assert_eq!(cast(&bytes(&[65_520.0, f32::INFINITY, -1e30]), Dtype::F32, Dtype::F16, &mut out), 2);
    assert_eq!(out, bytes_of(&[0x7c00, 0x7c00, 0xfc00]));
    let mut out = Vec::new();
    assert_eq!(cast(&bytes(&[1.0 + 1.0 / 256.0, 3.4e38]), Dtype::F32, Dtype::Bf16, &mut out), 1);
    assert_eq!(out, bytes_of(&[0x3f80, 0x7f80]));
}

#[test]
fn a_weight_that_does_not_fit_is_named_unless_forced() {
    let mut model = gpt2();
    // 2^127 as bfloat16; the other bits stay small numbers.
    for (_, it) in &mut model {
        it.bits.fill(0x3f80);
    }
    let spoilt = "transformer.h.1.mlp.c_fc.bias";
    model.iter_mut().find(|it| it.0 == spoilt).unwrap().1.bits[5] = 0x7f00;
    let text = safetensors(&model);
    let text = String::from_utf8_lossy(&text[8..]).find("F16").map(|_| replace(&text, b"\"F16\"", b"\"BF16\""));
    let file = text.unwrap();
    let error = converted(&file, Dtype::F16, false).unwrap_err();
    assert!(matches!(&error, ConvertError::OutOfRange { name, dtype: "float16" } if name == spoilt), "{error}");
    let (found, _) = converted(&file, Dtype::F16, true).unwrap();
    let numbers = &found.iter().find(|it| it.0 == spoilt).unwrap().1;
    assert!(numbers[5].is_infinite() && numbers[4] == 1.0);
}

/// Replaces text in the header of a safetensors file and mends its length.
fn replace(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(file[8..8 + length].to_vec()).unwrap();
    let header = header.replace(std::str::from_utf8(from).unwrap(), std::str::from_utf8(to).unwrap());
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(&file[8 + length..]);
    out
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let file =
        megatron_file(Container::Zip, true, &megatron(3, true, "attention"), &[("checkpoint_version", b"K\x03")]);
    let (a, first) = try_convert(Input::Bytes { name: "", bytes: &file }, &two_heads()).unwrap();
    let (b, second) = try_convert(Input::Bytes { name: "", bytes: &file }, &two_heads()).unwrap();
    assert_eq!((a.weights.sha256, first), (b.weights.sha256, second));
    assert_eq!(read_safetensors(&safetensors(&gpt2())), sorted(gpt2()));
}
