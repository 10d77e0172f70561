//! Models that are no GPT-2, told by the names of their tensors.
//!
//! Source: the modelling files of Hugging Face transformers.

/// A piece of a name, and the model that it shows. None of them occurs in a GPT-2.
const BY_NAME: [(&str, &str); 27] = [
    ("token_type_embeddings", "a BERT or one like it"),
    ("SelfAttention.relative_attention_bias", "a T5"),
    ("EncDecAttention", "a T5"),
    ("attn.attention.q_proj", "a GPT-Neo"),
    ("attn.attention.k_proj", "a GPT-Neo"),
    ("gpt_neox.", "a GPT-NeoX"),
    ("embed_in.weight", "a GPT-NeoX"),
    ("mlp.fc_in.", "a GPT-J"),
    ("attn.qkv_proj.", "a CodeGen"),
    ("word_embeddings_layernorm", "a Bloom"),
    ("self_attention.query_key_value", "a Bloom or a Falcon"),
    ("mlp.gate_proj", "a LLaMA or one like it (Mistral, Qwen, Gemma)"),
    ("feed_forward.w1", "a LLaMA in Meta's own names"),
    ("block_sparse_moe", "a Mixtral"),
    ("mlp.gate_up_proj", "a Phi-3"),
    ("embed_positions.weight", "an OPT, a BART or one like it"),
    ("self_attn.out_proj", "an OPT, a BART or one like it"),
    ("tokens_embed.weight", "a GPT-1"),
    ("positions_embed.weight", "a GPT-1"),
    ("attn.Wqkv", "an MPT"),
    ("mixer.in_proj", "a Mamba"),
    ("ssm", "a state space model"),
    ("time_mix", "an RWKV"),
    ("crossattention", "a decoder that reads an encoder (cross attention)"),
    ("lora_A", "an adapter (LoRA) without its base model"),
    ("lora_B", "an adapter (LoRA) without its base model"),
    ("visual_projection", "a CLIP"),
];

/// The model that the names show, and the name that shows it; `None` if they may be a GPT-2's.
pub(super) fn other_kind<'n>(names: &(impl Iterator<Item = &'n str> + Clone)) -> Option<(&'static str, &'n str)> {
    let find =
        |&(piece, kind): &(&str, &'static str)| names.clone().find(|name| holds(name, piece)).map(|name| (kind, name));
    BY_NAME.iter().find_map(find)
}

/// Whether a piece stands in a name and begins at a part of it.
fn holds(name: &str, piece: &str) -> bool {
    name.match_indices(piece).any(|(at, _)| at == 0 || name.as_bytes()[at - 1] == b'.')
}

#[cfg(test)]
mod tests;
