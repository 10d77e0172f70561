use super::other_kind;

#[test]
fn models_are_told_by_their_names() {
    for (name, kind) in [
        ("bert.embeddings.token_type_embeddings.weight", Some("BERT")),
        ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", Some("T5")),
        ("model.layers.0.mlp.gate_proj.weight", Some("LLaMA")),
        ("model.decoder.embed_positions.weight", Some("OPT")),
        ("gpt_neox.layers.0.attention.query_key_value.weight", Some("GPT-NeoX")),
        ("transformer.h.0.mlp.fc_in.weight", Some("GPT-J")),
        ("transformer.h.0.attn.attention.q_proj.weight", Some("GPT-Neo")),
        ("transformer.word_embeddings_layernorm.weight", Some("Bloom")),
        ("backbone.layers.0.mixer.in_proj.weight", Some("Mamba")),
        ("base_model.model.transformer.h.0.attn.c_attn.lora_A.weight", Some("LoRA")),
        ("transformer.h.0.crossattention.c_attn.weight", Some("cross attention")),
        ("transformer.h.0.attn.c_attn.weight", None),
        ("transformer.h.0.mlp.c_fc.weight", None),
        ("my_gpt_neox.weight", None),
    ] {
        let found = other_kind(&[name].into_iter());
        assert_eq!(found.is_some(), kind.is_some(), "{name}: {found:?}");
        assert!(found.is_none_or(|it| it.0.contains(kind.unwrap_or_default()) && it.1 == name), "{found:?}");
    }
}
