"""Makes the checkpoints in this directory with Megatron Core itself, and what they should become.

    pip install torch megatron-core==0.16.1 safetensors numpy packaging psutil
    python make.py

Each checkpoint is a tiny random GPT-2, saved by `megatron.core.dist_checkpointing` from several processes that
talk over loopback. Beside it lies `expected.safetensors`: the same numbers in GPT-2's names and order, gathered by
the code below from the processes' own parameters and not from the checkpoint.
"""

import argparse
import io
import os
import pickle
import shutil
import sys
import warnings

import numpy
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

warnings.filterwarnings("ignore")

WIDTH, HEADS, INNER, POSITIONS, ROWS, LAYERS = 16, 2, 24, 5, 12, 2
CASES = {
    # name: tensor ranks, pipeline ranks, type, keys of the layers apart, untied output
    "ranks": (2, 2, torch.bfloat16, False, False),
    "whole": (1, 1, torch.float32, True, False),
    "untied": (2, 1, torch.float16, False, True),
}


def model_of(tensor, pipeline, dtype, apart, untied):
    from megatron.core import parallel_state
    from megatron.core.models.gpt import GPTModel
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec
    from megatron.core.transformer import TransformerConfig

    # It is written for GPUs; here everything stays where it is.
    torch.Tensor.cuda = lambda self, *_, **__: self
    torch.cuda.current_device = lambda: "cpu"
    torch.cuda.synchronize = lambda *_: None
    parallel_state.initialize_model_parallel(tensor, pipeline)
    config = TransformerConfig(
        num_layers=LAYERS,
        hidden_size=WIDTH,
        num_attention_heads=HEADS,
        ffn_hidden_size=INNER,
        use_cpu_initialization=True,
        perform_initialization=True,
        params_dtype=dtype,
        pipeline_dtype=dtype,
        tensor_model_parallel_size=tensor,
        pipeline_model_parallel_size=pipeline,
        normalization="LayerNorm",
        hetereogenous_dist_checkpoint=apart,
    )
    return GPTModel(
        config,
        get_gpt_layer_local_spec(normalization="LayerNorm"),
        vocab_size=ROWS,
        max_sequence_length=POSITIONS,
        pre_process=parallel_state.is_pipeline_first_stage(),
        post_process=parallel_state.is_pipeline_last_stage(),
        share_embeddings_and_output_weights=not untied,
        position_embedding_type="learned_absolute",
    ).to(dtype)


def expected(shards, tensor, pipeline, untied):
    """GPT-2's tensors from `shards[pipeline rank][tensor rank]`, dictionaries of Megatron's parameters."""

    def join(stage, name, axis):
        return torch.cat([shards[stage][rank][name] for rank in range(tensor)], axis)

    last = pipeline - 1
    out = {
        "transformer.wte.weight": join(0, "embedding.word_embeddings.weight", 0),
        "transformer.wpe.weight": shards[0][0]["embedding.position_embeddings.weight"],
        "transformer.ln_f.weight": shards[last][0]["decoder.final_layernorm.weight"],
        "transformer.ln_f.bias": shards[last][0]["decoder.final_layernorm.bias"],
    }
    if untied:
        out["lm_head.weight"] = join(last, "output_layer.weight", 0)
    each = LAYERS // pipeline
    for layer in range(LAYERS):
        stage, theirs, ours = layer // each, f"decoder.layers.{layer % each}.", f"transformer.h.{layer}."
        for norm, name in (("input_layernorm", "ln_1"), ("pre_mlp_layernorm", "ln_2")):
            for kind in ("weight", "bias"):
                out[f"{ours}{name}.{kind}"] = shards[stage][0][f"{theirs}{norm}.{kind}"]
        for kind in ("weight", "bias"):
            qkv = join(stage, f"{theirs}self_attention.linear_qkv.{kind}", 0)
            rest = qkv.shape[1:]
            qkv = qkv.reshape(HEADS, 3, WIDTH // HEADS, *rest).transpose(0, 1).reshape(3 * WIDTH, *rest)
            out[f"{ours}attn.c_attn.{kind}"] = qkv.t() if kind == "weight" else qkv
        out[f"{ours}attn.c_proj.weight"] = join(stage, f"{theirs}self_attention.linear_proj.weight", 1).t()
        out[f"{ours}attn.c_proj.bias"] = shards[stage][0][f"{theirs}self_attention.linear_proj.bias"]
        out[f"{ours}mlp.c_fc.weight"] = join(stage, f"{theirs}mlp.linear_fc1.weight", 0).t()
        out[f"{ours}mlp.c_fc.bias"] = join(stage, f"{theirs}mlp.linear_fc1.bias", 0)
        out[f"{ours}mlp.c_proj.weight"] = join(stage, f"{theirs}mlp.linear_fc2.weight", 1).t()
        out[f"{ours}mlp.c_proj.bias"] = shards[stage][0][f"{theirs}mlp.linear_fc2.bias"]
    return {name: tensor.contiguous() for name, tensor in out.items()}


def worker(rank, world, name, directory):
    from megatron.core import dist_checkpointing, parallel_state

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511", RANK=str(rank), WORLD_SIZE=str(world))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    tensor, pipeline, dtype, apart, untied = CASES[name]
    model = model_of(*CASES[name])
    torch.manual_seed(7 + parallel_state.get_pipeline_model_parallel_rank())
    whole = ("layernorm", "position_embeddings", "linear_proj.bias", "linear_fc2.bias")
    for key, parameter in model.named_parameters():
        # What every rank has whole is alike; parts differ.
        generator = torch.Generator().manual_seed(
            sum(map(ord, key)) * 100
            + 10 * (0 if "word_embeddings" in key else parallel_state.get_pipeline_model_parallel_rank())
            + (0 if any(it in key for it in whole) else parallel_state.get_tensor_model_parallel_rank())
        )
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator).to(dtype))
    if not untied and pipeline > 1:
        generator = torch.Generator().manual_seed(
            sum(map(ord, "embedding.word_embeddings.weight")) * 100 + parallel_state.get_tensor_model_parallel_rank()
        )
        for key, parameter in model.named_parameters():
            if key == "output_layer.weight":
                parameter.data.copy_(torch.randn(parameter.shape, generator=generator).to(dtype))
    arguments = argparse.Namespace(
        num_layers=LAYERS,
        hidden_size=WIDTH,
        num_attention_heads=HEADS,
        ffn_hidden_size=INNER,
        max_position_embeddings=POSITIONS,
        padded_vocab_size=ROWS,
        vocab_size=ROWS - 1,
        norm_epsilon=2e-5,
        normalization="LayerNorm",
        position_embedding_type="learned_absolute",
        bias_gelu_fusion=True,
        add_bias_linear=True,
        swiglu=False,
        group_query_attention=False,
        num_query_groups=1,
        num_experts=None,
        untie_embeddings_and_output_weights=untied,
        tensor_model_parallel_size=tensor,
        pipeline_model_parallel_size=pipeline,
    )
    state = model.sharded_state_dict()
    state.update(args=arguments, checkpoint_version=3.0, iteration=5)
    target = os.path.join(directory, "iter_0000005")
    if rank == 0:
        os.makedirs(target)
    dist.barrier()
    dist_checkpointing.save(state, target)
    if name == "ranks":
        # The same model once more with a file for each rank, as `--ckpt-format torch` writes it.
        place = (
            f"mp_rank_{parallel_state.get_tensor_model_parallel_rank():02d}"
            f"_{parallel_state.get_pipeline_model_parallel_rank():03d}"
        )
        os.makedirs(os.path.join(directory, "files", place))
        content = {
            "args": arguments,
            "checkpoint_version": 3.0,
            "iteration": 5,
            "model": model.state_dict_for_save_checkpoint(),
            "rng_state": [{"np_rng_state": numpy.random.get_state(), "torch_rng_state": torch.get_rng_state()[:16]}],
        }
        torch.save(content, os.path.join(directory, "files", place, "model_optim_rng.pt"))
    place = (parallel_state.get_pipeline_model_parallel_rank(), parallel_state.get_tensor_model_parallel_rank())
    mine = {key: parameter.data for key, parameter in model.named_parameters()}
    gathered = [None] * world
    dist.all_gather_object(gathered, (place, mine))
    if rank == 0:
        from safetensors.torch import save_file

        shards = [[None] * tensor for _ in range(pipeline)]
        for (stage, part), parameters in gathered:
            shards[stage][part] = parameters
        out = expected(shards, tensor, pipeline, untied)
        # The last row is padding by the arguments.
        for key in ("transformer.wte.weight", "lm_head.weight"):
            if key in out:
                out[key] = out[key][: ROWS - 1].contiguous()
        save_file(out, os.path.join(directory, "expected.safetensors"))
        with open(os.path.join(directory, "latest_checkpointed_iteration.txt"), "w") as file:
            file.write("5")
    dist.destroy_process_group()


def move_common(directory):
    """Since 2026 the training arguments are an object among the others instead of `common.pt`."""
    from torch.distributed.checkpoint.filesystem import _StorageInfo
    from torch.distributed.checkpoint.metadata import BytesStorageMetadata, MetadataIndex

    common = os.path.join(directory, "common.pt")
    content = io.BytesIO()
    torch.save([torch.load(common, weights_only=False)], content)
    os.remove(common)
    file = os.path.join(directory, "__0_0.distcp")
    offset = os.path.getsize(file)
    with open(file, "ab") as out:
        out.write(content.getvalue())
    table = os.path.join(directory, ".metadata")
    with open(table, "rb") as source:
        metadata = pickle.load(source)
    name = "common_state/shard_0_1"
    metadata.state_dict_metadata[name] = BytesStorageMetadata()
    length = len(content.getvalue())
    metadata.storage_data[MetadataIndex(name)] = _StorageInfo("__0_0.distcp", offset, length)
    with open(table, "wb") as out:
        pickle.dump(metadata, out)


if __name__ == "__main__":
    here = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, (tensor, pipeline, *_) in CASES.items():
        directory = os.path.join(here, name)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        mp.spawn(worker, (tensor * pipeline, name, directory), tensor * pipeline)
    move_common(os.path.join(here, "whole", "iter_0000005"))
