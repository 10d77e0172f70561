//! Small files that would make much: names, layers, notes and members by the thousand.

use std::fmt::Write as _;

use megachat::checkpoint::MapError;
use megachat::install::convert::ConvertError as E;

use super::super::torch_files::{Container, Packing, Pickler, View, container, zip};
use super::{Odd, legacy, zipped};

/// Names of eighty letters, a dictionary in a dictionary in a dictionary, each twice in the next.
fn multiplied(head: &[u8], leaf: &[u8]) -> Vec<u8> {
    let mut stream = b"\x80\x02".to_vec();
    stream.extend_from_slice(head);
    stream.extend_from_slice(b"}(X\x0a\0\0\0wte.weightN");
    for index in 0..1_400 {
        stream.extend_from_slice(format!("U\x05{index:05}").as_bytes());
        stream.extend_from_slice(leaf);
    }
    stream.extend_from_slice(b"u");
    for _ in 0..6 {
        stream.extend_from_slice(b"q\x000}(");
        for first in ["a", "b"] {
            stream.extend_from_slice(format!("U\x50{first}{}h\0", "n".repeat(79)).as_bytes());
        }
        stream.extend_from_slice(b"u");
    }
    stream.push(b'.');
    stream
}

/// So many layers that are views of the same numbers.
fn overlapping(layers: usize) -> Vec<u8> {
    const WIDTH: usize = 256;
    const NUMEL: usize = 3 * WIDTH * WIDTH;
    let square = [WIDTH, WIDTH];
    let layer: [(&str, &[usize]); 12] = [
        ("input_layernorm.weight", &[WIDTH]),
        ("input_layernorm.bias", &[WIDTH]),
        ("attention.query_key_value.weight", &[3 * WIDTH, WIDTH]),
        ("attention.query_key_value.bias", &[3 * WIDTH]),
        ("attention.dense.weight", &square),
        ("attention.dense.bias", &[WIDTH]),
        ("post_attention_layernorm.weight", &[WIDTH]),
        ("post_attention_layernorm.bias", &[WIDTH]),
        ("mlp.dense_h_to_4h.weight", &square),
        ("mlp.dense_h_to_4h.bias", &[WIDTH]),
        ("mlp.dense_4h_to_h.weight", &square),
        ("mlp.dense_4h_to_h.bias", &[WIDTH]),
    ];
    let mut pickler = Pickler::new();
    let tensor = |pickler: &mut Pickler, name: &str, shape: &[usize]| {
        let strides = if shape.len() == 2 { vec![shape[1], 1] } else { vec![1] };
        let view = View { numel: NUMEL, offset: 0, shape: shape.to_vec(), strides };
        pickler.text(name).tensor(Container::Zip, "0", &view);
    };
    pickler.raw(b"}").text("model").raw(b"}(");
    tensor(&mut pickler, "word_embeddings.weight", &[4, WIDTH]);
    tensor(&mut pickler, "position_embeddings.weight", &[4, WIDTH]);
    tensor(&mut pickler, "transformer.final_layernorm.weight", &[WIDTH]);
    tensor(&mut pickler, "transformer.final_layernorm.bias", &[WIDTH]);
    for index in 0..layers {
        for (name, shape) in layer {
            tensor(&mut pickler, &format!("transformer.layers.{index}.{name}"), shape);
        }
    }
    pickler.raw(b"us.");
    container(Container::Zip, &pickler.bytes, &[("0".to_owned(), vec![1; NUMEL])])
}

pub(super) fn add(list: &mut Vec<Odd>) {
    odd!(
        list,
        "long names by the ninety thousand",
        || zipped(&multiplied(b"", b"N")),
        Err(E::Map(MapError::LongNames { .. }))
    );
    odd!(
        list,
        "the same with calls beneath them",
        || zipped(&multiplied(format!("c{}\nf\n)Rq\x050", "m".repeat(200)).as_bytes(), b"h\x05")),
        Err(E::Map(MapError::LongNames { .. }))
    );
    odd!(
        list,
        "ninety thousand layers",
        || {
            let mut pickler = Pickler::new();
            let view = View { numel: 64 * 64, offset: 0, shape: vec![64, 64], strides: vec![64, 1] };
            pickler.raw(b"}(").text("wte.weight").tensor(Container::Zip, "0", &view).raw(b"q\x01");
            pickler.text("wpe.weight").raw(b"h\x01").text("h.0.mlp.c_fc.weight").raw(b"h\x01");
            for index in 0..90_000 {
                pickler.text(&format!("h.{}.x", 9_000_000 + index)).raw(b"h\x01");
            }
            pickler.raw(b"u.");
            container(Container::Zip, &pickler.bytes, &[("0".to_owned(), vec![1; 64 * 64])])
        },
        Err(E::Map(MapError::TooManyLayers { .. }))
    );
    odd!(
        list,
        "thirty thousand alarming names",
        || {
            let names: Vec<u8> = (0..30_000).flat_map(|index| format!("cos\n{index}\n").into_bytes()).collect();
            legacy(&[b"\x80\x02(".as_slice(), &names, b"1}."].concat())
        },
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(list, "six hundred layers in the bytes of one", || overlapping(600), Err(E::Overlap { .. }));
    odd!(
        list,
        "a torch file of sixty thousand storages",
        || {
            let mut members = vec![("a/data.pkl".to_owned(), b"}.".to_vec())];
            members.extend((0..60_000).map(|index| (format!("a/data/{index}"), Vec::new())));
            zip(&members, Packing::Stored)
        },
        Err(E::Map(MapError::NoModel(_)))
    );
    odd!(
        list,
        "ninety thousand tensors without elements",
        || {
            let mut header = String::from("{");
            for index in 0..90_000 {
                write!(header, r#""{index}":{{"dtype":"U8","shape":[0,1,1,1,1,1,1,1],"data_offsets":[0,0]}},"#)
                    .unwrap();
            }
            header.pop();
            header.push('}');
            [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
        },
        Err(E::Map(MapError::NoModel(_)))
    );
}
