//! One name of Megatron's becomes one of GPT-2's.

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Renamed {
    /// A tensor of the converted model.
    Target { name: String, core: bool },
    /// The copy of the word table that the last pipeline stage keeps.
    WordTableCopy,
    /// Known, and of no use.
    Ignored,
    /// Not known.
    Unknown,
}

/// Parts of a layer: Megatron's name, GPT-2's, and whether only Megatron Core uses it.
const PARTS: [(&str, &str, bool); 26] = [
    ("input_layernorm", "ln_1", false),
    ("input_norm", "ln_1", false),
    ("attention.query_key_value", "attn.c_attn", false),
    ("attention.dense", "attn.c_proj", false),
    ("self_attention.query_key_value", "attn.c_attn", false),
    ("self_attention.dense", "attn.c_proj", false),
    ("self_attention.layernorm_qkv", "attn.c_attn", false),
    ("self_attention.proj", "attn.c_proj", false),
    ("post_attention_layernorm", "ln_2", false),
    ("post_attention_norm", "ln_2", false),
    ("mlp.dense_h_to_4h", "mlp.c_fc", false),
    ("mlp.dense_4h_to_h", "mlp.c_proj", false),
    ("self_attention.linear_qkv", "attn.c_attn", true),
    ("self_attention.linear_proj", "attn.c_proj", true),
    ("pre_mlp_layernorm", "ln_2", true),
    ("mlp.linear_fc1", "mlp.c_fc", true),
    ("mlp.linear_fc2", "mlp.c_proj", true),
    // Transformer Engine keeps a norm inside the matrix that follows it.
    ("self_attention.linear_qkv.layer_norm", "ln_1", true),
    ("self_attention.layernorm_qkv.layer_norm", "ln_1", false),
    ("mlp.linear_fc1.layer_norm", "ln_2", true),
    ("layernorm_mlp.layer_norm", "ln_2", false),
    ("layernorm_mlp.fc1", "mlp.c_fc", false),
    ("layernorm_mlp.fc2", "mlp.c_proj", false),
    ("mlp.layernorm_mlp.layer_norm", "ln_2", false),
    ("mlp.layernorm_mlp.fc1", "mlp.c_fc", false),
    ("mlp.layernorm_mlp.fc2", "mlp.c_proj", false),
];

/// The name without the wrappers that forks and the age of the file put around it.
pub(super) fn bare(source: &str) -> &str {
    let mut name = source;
    loop {
        let stripped = ["module.", "language_model."].iter().find_map(|prefix| name.strip_prefix(prefix));
        match stripped {
            Some(rest) => name = rest,
            None => return name,
        }
    }
}

pub(super) fn rename(source: &str) -> Renamed {
    let name = bare(source);
    if name.ends_with("_extra_state") {
        return Renamed::Ignored;
    }
    let target = |name: &str, core| Renamed::Target { name: name.to_owned(), core };
    match name {
        "word_embeddings.weight" | "embedding.word_embeddings.weight" => {
            return target("transformer.wte.weight", false);
        }
        "position_embeddings.weight" | "embedding.position_embeddings.weight" => {
            return target("transformer.wpe.weight", false);
        }
        "output_layer.weight" => return target("lm_head.weight", false),
        "word_embeddings_for_head.weight" => return Renamed::WordTableCopy,
        _ => {}
    }
    let stacks = [("transformer.", false), ("encoder.", false), ("decoder.", true)];
    for (stack, core) in stacks {
        if let Some(rest) = name.strip_prefix(stack) {
            return in_stack(rest, core);
        }
    }
    Renamed::Unknown
}

fn in_stack(name: &str, core_stack: bool) -> Renamed {
    for norm in ["final_layernorm.", "final_norm."] {
        if let Some(kind @ ("weight" | "bias")) = name.strip_prefix(norm) {
            return Renamed::Target { name: format!("transformer.ln_f.{kind}"), core: core_stack };
        }
    }
    let layer = name.strip_prefix("layers.").and_then(|rest| rest.split_once('.'));
    let Some((number, part)) = layer else {
        return Renamed::Unknown;
    };
    let Ok(number) = number.parse::<u32>() else {
        return Renamed::Unknown;
    };
    for kind in ["weight", "bias"] {
        let Some(part) = part.strip_suffix(kind).and_then(|part| part.strip_suffix(['.', '_'])) else {
            continue;
        };
        if let Some((_, ours, core)) = PARTS.iter().find(|(theirs, _, _)| *theirs == part) {
            let name = format!("transformer.h.{number}.{ours}.{kind}");
            return Renamed::Target { name, core: core_stack || *core };
        }
    }
    Renamed::Unknown
}

/// Whether only Megatron Core uses this name.
pub(super) fn is_core(source: &str) -> bool {
    matches!(rename(source), Renamed::Target { core: true, .. })
}

/// What Megatron usually calls a part of a layer, by GPT-2's name for it.
pub(super) fn usual_part(ours: &str, core: bool, by_itself: bool) -> Option<&'static str> {
    let old = |theirs: &str| theirs.starts_with("attention.");
    let parts = PARTS.iter().filter(|(_, name, is_core)| *name == ours && (!core || *is_core));
    // A norm inside a matrix is the exception.
    let mut parts = parts.map(|it| it.0).filter(|theirs| !(theirs.ends_with("layer_norm") || by_itself && old(theirs)));
    parts.next().or_else(|| PARTS.iter().find(|it| it.1 == ours).map(|it| it.0))
}
