"""Makes `logits_N.npy`: every position's logits of a random GPT-2, each thirteenth, by Hugging Face's model.

    python3 make.py        (numpy, torch, transformers)

The weights follow from their names, as in `tests/it/logits.rs`.
"""

import pathlib

import numpy
import torch
import transformers

HERE = pathlib.Path(__file__).parent
MASK = (1 << 64) - 1


def numbers(name, shape):
    state = 1
    for byte in name.encode():
        state = (state * 31 + byte) & MASK
    out = numpy.empty(int(numpy.prod(shape)), numpy.float32)
    for index in range(out.size):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        out[index] = numpy.float32(state >> 40) / numpy.float32(1 << 24) - numpy.float32(0.5)
    return torch.from_numpy((out * numpy.float32(0.4)).reshape(shape))


config = transformers.GPT2Config(
    vocab_size=211, n_positions=1024, n_embd=64, n_layer=3, n_head=4, n_inner=256, layer_norm_epsilon=1e-5,
    activation_function="gelu_new",
)
model = transformers.GPT2LMHeadModel(config).eval()
with torch.no_grad():
    for name, tensor in model.transformer.named_parameters():
        tensor.copy_(numbers(name, tuple(tensor.shape)))
    for count in (1, 17, 1024):
        tokens = torch.tensor([[(it * 37 + 11) % 211 for it in range(count)]])
        logits = model(tokens).logits[0, :, ::13].contiguous().numpy().astype("<f4")
        numpy.save(HERE / f"logits_{count}.npy", logits)
        print(count, logits.shape, float(abs(logits).max()))
