//! Tiny torch files, zip archives and Megatron models, built in code.
//!
//! Nothing here comes from the library under test: the bytes are put together by hand, so that
//! a mistake in a reader cannot hide behind the same mistake in a writer.

use std::fmt::Write as _;

/// A float16 tensor: its elements as raw bits, and its shape.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Half {
    pub(crate) bits: Vec<u16>,
    pub(crate) shape: Vec<usize>,
}

/// A failed comparison of whole models should still fit a screen.
impl std::fmt::Debug for Half {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} {:?}", self.shape, &self.bits[..self.bits.len().min(4)])
    }
}

/// The sizes of the tiny model: two heads of 64 channels, two layers.
pub(crate) const WIDTH: usize = 128;
pub(crate) const HEADS: usize = 2;
pub(crate) const LAYERS: usize = 2;
pub(crate) const INNER: usize = 16;
pub(crate) const POSITIONS: usize = 4;
pub(crate) const ROWS: usize = 10;

/// Distinct finite numbers: no two tensors, and hardly two elements, are alike.
pub(crate) fn half(seed: usize, shape: &[usize]) -> Half {
    let count = shape.iter().product::<usize>();
    let bits = (0..count).map(|index| ((index * 7 + seed * 1_009) % 0x7000) as u16).collect();
    Half { bits, shape: shape.to_vec() }
}

/// A model in GPT-2's names, shapes and order.
pub(crate) fn gpt2() -> Vec<(String, Half)> {
    gpt2_of(LAYERS)
}

/// The same with another number of layers.
pub(crate) fn gpt2_of(layers: usize) -> Vec<(String, Half)> {
    gpt2_sized(layers, WIDTH, INNER, ROWS)
}

/// The same of any size.
pub(crate) fn gpt2_sized(layers: usize, width: usize, inner: usize, rows: usize) -> Vec<(String, Half)> {
    let mut tensors = vec![
        ("transformer.wte.weight".to_owned(), half(1, &[rows, width])),
        ("transformer.wpe.weight".to_owned(), half(2, &[POSITIONS, width])),
    ];
    for layer in 0..layers {
        let parts: [(&str, &[usize]); 12] = [
            ("ln_1.weight", &[width]),
            ("ln_1.bias", &[width]),
            ("attn.c_attn.weight", &[width, 3 * width]),
            ("attn.c_attn.bias", &[3 * width]),
            ("attn.c_proj.weight", &[width, width]),
            ("attn.c_proj.bias", &[width]),
            ("ln_2.weight", &[width]),
            ("ln_2.bias", &[width]),
            ("mlp.c_fc.weight", &[width, inner]),
            ("mlp.c_fc.bias", &[inner]),
            ("mlp.c_proj.weight", &[inner, width]),
            ("mlp.c_proj.bias", &[width]),
        ];
        for (index, (name, shape)) in parts.into_iter().enumerate() {
            let seed = 3 + layer * 12 + index;
            tensors.push((format!("transformer.h.{layer}.{name}"), half(seed, shape)));
        }
    }
    tensors.push(("transformer.ln_f.weight".to_owned(), half(90, &[width])));
    tensors.push(("transformer.ln_f.bias".to_owned(), half(91, &[width])));
    tensors
}

/// The same model as Megatron of a checkpoint version keeps it; `nested` as since late 2019.
pub(crate) fn megatron(version: u8, nested: bool, attention: &str) -> Vec<(String, Half)> {
    let scattered = |(name, tensor): (String, Half)| {
        let tensor = if name.contains("query_key_value") { scatter(&tensor, version) } else { tensor };
        (name, tensor)
    };
    linear(gpt2(), nested, attention).into_iter().map(scattered).collect()
}

/// A model under Megatron's names and in torch's `Linear` orientation, with all queries, all keys, all values.
pub(crate) fn linear(model: Vec<(String, Half)>, nested: bool, attention: &str) -> Vec<(String, Half)> {
    let rename = |name: &str| {
        let rest = name.strip_prefix("transformer.").unwrap();
        let embedding = if nested { "embedding." } else { "" };
        match rest {
            "wte.weight" => return format!("{embedding}word_embeddings.weight"),
            "wpe.weight" => return format!("{embedding}position_embeddings.weight"),
            _ => {}
        }
        let rest = rest
            .replace("h.", "layers.")
            .replace("ln_f", "final_layernorm")
            .replace("ln_1", "input_layernorm")
            .replace("ln_2", "post_attention_layernorm")
            .replace("mlp.c_proj", "mlp.dense_4h_to_h")
            .replace("mlp.c_fc", "mlp.dense_h_to_4h")
            .replace("attn.c_attn", &format!("{attention}.query_key_value"))
            .replace("attn.c_proj", &format!("{attention}.dense"));
        format!("transformer.{rest}")
    };
    let mut tensors = Vec::new();
    for (name, tensor) in model {
        let matrix = name.contains(".h.") && tensor.shape.len() == 2;
        let tensor = if matrix { transposed(&tensor) } else { tensor };
        tensors.push((rename(&name), tensor));
    }
    tensors
}

pub(crate) fn transposed(tensor: &Half) -> Half {
    let (rows, columns) = (tensor.shape[0], tensor.shape[1]);
    let mut bits = Vec::new();
    for column in 0..columns {
        bits.extend((0..rows).map(|row| tensor.bits[row * columns + column]));
    }
    Half { bits, shape: vec![columns, rows] }
}

/// Brings rows from all queries, all keys, all values into the order of `version`.
pub(crate) fn scatter(tensor: &Half, version: u8) -> Half {
    scatter_heads(tensor, version, WIDTH / HEADS)
}

/// The same for heads of so many channels.
pub(crate) fn scatter_heads(tensor: &Half, version: u8, channels: usize) -> Half {
    let columns = tensor.shape.get(1).copied().unwrap_or(1);
    let width = tensor.shape[0] / 3;
    let mut bits = vec![0; tensor.bits.len()];
    for kind in 0..3 {
        for head in 0..width / channels {
            for channel in 0..channels {
                let from = kind * width + head * channels + channel;
                let to = match version {
                    0 => from,
                    1 => (head * channels + channel) * 3 + kind,
                    _ => (head * 3 + kind) * channels + channel,
                };
                for column in 0..columns {
                    bits[to * columns + column] = tensor.bits[from * columns + column];
                }
            }
        }
    }
    Half { bits, shape: tensor.shape.clone() }
}

/// How a torch file keeps its storages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Legacy,
    Zip,
}

/// Writes pickles of protocol 2, without a memo.
#[derive(Debug, Default)]
pub(crate) struct Pickler {
    pub(crate) bytes: Vec<u8>,
}

impl Pickler {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0x80, 2] }
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        let length = u32::try_from(text.len()).unwrap();
        self.raw(b"X").raw(&length.to_le_bytes()).raw(text.as_bytes())
    }

    pub(crate) fn integer(&mut self, number: usize) -> &mut Self {
        let number = i32::try_from(number).unwrap();
        self.raw(b"J").raw(&number.to_le_bytes())
    }

    pub(crate) fn global(&mut self, module: &str, name: &str) -> &mut Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    pub(crate) fn sizes(&mut self, sizes: &[usize]) -> &mut Self {
        self.raw(b"(");
        for &size in sizes {
            self.integer(size);
        }
        self.raw(b"t")
    }

    /// The call that makes a tensor of float16 in a storage of its own, or seen by strides.
    pub(crate) fn tensor(&mut self, kind: Container, key: &str, view: &View) -> &mut Self {
        self.global("torch._utils", "_rebuild_tensor_v2").raw(b"((");
        self.text("storage").global("torch", "HalfStorage").text(key).text("cpu");
        self.integer(view.numel);
        if kind == Container::Legacy {
            self.raw(b"N");
        }
        self.raw(b"tQ").integer(view.offset).sizes(&view.shape).sizes(&view.strides);
        self.raw(b"\x89").global("collections", "OrderedDict").raw(b")RtR")
    }
}

/// A tensor as a look into a storage, in elements.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) numel: usize,
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

impl View {
    pub(crate) fn whole(tensor: &Half) -> Self {
        let strides = match tensor.shape.as_slice() {
            [_, columns] => vec![*columns, 1],
            _ => vec![1],
        };
        Self { numel: tensor.bits.len(), offset: 0, shape: tensor.shape.clone(), strides }
    }
}

/// A Megatron checkpoint: `extra` is put into the outermost dictionary, as key and pickled value.
pub(crate) fn megatron_file(
    kind: Container,
    nested: bool,
    tensors: &[(String, Half)],
    extra: &[(&str, &[u8])],
) -> Vec<u8> {
    megatron_chunks(kind, nested, &[("model", tensors)], extra)
}

/// The same with several chunks of layers, each under a key.
pub(crate) fn megatron_chunks(
    kind: Container,
    nested: bool,
    chunks: &[(&str, &[(String, Half)])],
    extra: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.raw(b"}(");
    for (key, value) in extra {
        pickler.text(key).raw(value);
    }
    let mut storages = Vec::new();
    for (key, tensors) in chunks {
        pickler.text(key).raw(b"}(");
        model_entry(&mut pickler, kind, nested, tensors, &mut storages);
    }
    pickler.raw(b"u.");
    container(kind, &pickler.bytes, &storages)
}

fn model_entry(
    pickler: &mut Pickler,
    kind: Container,
    nested: bool,
    tensors: &[(String, Half)],
    storages: &mut Vec<(String, Vec<u16>)>,
) {
    let mut section = "";
    if nested {
        pickler.text("language_model").raw(b"}(");
    }
    for (name, tensor) in tensors {
        let mut key = name.as_str();
        if nested && let Some((first, rest)) = name.split_once('.') {
            if first != section {
                if !section.is_empty() {
                    pickler.raw(b"u");
                }
                pickler.text(first).raw(b"}(");
                section = first;
            }
            key = rest;
        }
        let storage = format!("{}", 100 + storages.len());
        pickler.text(key).tensor(kind, &storage, &View::whole(tensor));
        storages.push((storage, tensor.bits.clone()));
    }
    pickler.raw(if nested { b"uuu" } else { b"u" });
}

/// A file of plain names, as Hugging Face's `pytorch_model.bin`.
pub(crate) fn flat_file(kind: Container, tensors: &[(String, Half)]) -> Vec<u8> {
    let mut pickler = Pickler::new();
    pickler.global("collections", "OrderedDict").raw(b")R(");
    let mut storages = Vec::new();
    for (index, (name, tensor)) in tensors.iter().enumerate() {
        let storage = format!("{index}");
        pickler.text(name).tensor(kind, &storage, &View::whole(tensor));
        storages.push((storage, tensor.bits.clone()));
    }
    pickler.raw(b"u.");
    container(kind, &pickler.bytes, &storages)
}

/// Puts a pickle and its storages into a file.
pub(crate) fn container(kind: Container, pickle: &[u8], storages: &[(String, Vec<u16>)]) -> Vec<u8> {
    match kind {
        Container::Legacy => legacy(pickle, storages),
        Container::Zip => {
            let mut members = vec![("archive/data.pkl".to_owned(), pickle.to_vec())];
            members.push(("archive/byteorder".to_owned(), b"little".to_vec()));
            for (key, bits) in storages {
                members.push((format!("archive/data/{key}"), bytes_of(bits)));
            }
            members.push(("archive/version".to_owned(), b"3\n".to_vec()));
            zip(&members, Packing::Stored)
        }
    }
}

fn legacy(pickle: &[u8], storages: &[(String, Vec<u16>)]) -> Vec<u8> {
    let mut out = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    out.extend_from_slice(b"\x80\x02M\xe9\x03.\x80\x02}.");
    out.extend_from_slice(pickle);
    // The order of the data is that of the keys as texts.
    let mut sorted: Vec<_> = storages.iter().collect();
    sorted.sort();
    let mut keys = Pickler::new();
    keys.raw(b"](");
    for (key, _) in &sorted {
        keys.text(key);
    }
    keys.raw(b"e.");
    out.extend_from_slice(&keys.bytes);
    for (_, bits) in sorted {
        out.extend_from_slice(&(bits.len() as u64).to_le_bytes());
        out.extend_from_slice(&bytes_of(bits));
    }
    out
}

pub(crate) fn bytes_of(bits: &[u16]) -> Vec<u8> {
    bits.iter().flat_map(|bits| bits.to_le_bytes()).collect()
}

/// How members of an archive are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Stored,
    Deflated,
    /// Deflated, with sizes behind the data as a streaming server writes them.
    Descriptor,
}

/// A zip archive.
pub(crate) fn zip(members: &[(String, Vec<u8>)], packing: Packing) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in members {
        let packed = if packing == Packing::Stored { content.clone() } else { deflate(content) };
        let method: u16 = if packing == Packing::Stored { 0 } else { 8 };
        let flags: u16 = if packing == Packing::Descriptor { 8 } else { 0 };
        let mut numbers = Vec::new();
        for number in [crc32fast::hash(content), packed.len() as u32, content.len() as u32] {
            numbers.extend_from_slice(&number.to_le_bytes());
        }
        let at = out.len() as u32;
        let mut common = Vec::new();
        for number in [20, flags, method, 0, 0] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(if flags == 8 { &[0; 12] } else { &numbers });
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&packed);
        if flags == 8 {
            out.extend_from_slice(b"PK\x07\x08");
            out.extend_from_slice(&numbers);
        }
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&numbers);
        directory.extend_from_slice(&(name.len() as u16).to_le_bytes());
        directory.extend_from_slice(&[0; 12]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&at.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive as it is downloaded, around a checkpoint.
pub(crate) fn download(checkpoint: &[u8], packing: Packing) -> Vec<u8> {
    let members = [
        ("latest_checkpointed_iteration.txt".to_owned(), b"release".to_vec()),
        ("release/mp_rank_00/model_optim_rng.pt".to_owned(), checkpoint.to_vec()),
    ];
    zip(&members, packing)
}

/// The tensors of a safetensors file, sorted by name; all must be float16.
pub(crate) fn read_safetensors(bytes: &[u8]) -> Vec<(String, Half)> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["__metadata__"]["format"], "pt");
    let data = &bytes[8 + length..];
    let mut tensors = Vec::new();
    for (name, entry) in header.as_object().unwrap() {
        if name == "__metadata__" {
            continue;
        }
        assert_eq!(entry["dtype"], "F16");
        let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
        let shape = entry["shape"].as_array().unwrap().iter().map(number).collect();
        let range = number(&entry["data_offsets"][0])..number(&entry["data_offsets"][1]);
        let bits = data[range].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        tensors.push((name.clone(), Half { bits: bits.collect(), shape }));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

/// Bytes as text, for the message of a failed assertion.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(64).fold(String::new(), |mut text, byte| {
        write!(text, "\\x{byte:02x}").unwrap();
        text
    })
}
