#!/usr/bin/env python3
"""Times `megachat convert` on a look-alike of the 345M download, beside `unzip -p FILE | cat > OUT`.

    cargo build --release && python3 tests/bench/convert.py [--dir DIRECTORY] [--runs 5] [--hf SCRIPT]

The look-alike, made once (numpy, about 650 MB): a version-0 checkpoint in torch's legacy container, 354,871,296 random
float16 numbers, inside a deflated zip. The programs take turns, so that they share whatever else the machine does;
printed are medians, the range, the peak resident memory and the ratio. `--hf` names Hugging Face's
`convert_megatron_gpt2_checkpoint.py` (its tokenizer step, which needs a network, is left out), run with this Python.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import time
import zipfile

LAYERS, WIDTH, ROWS, POSITIONS = 24, 1024, 50304, 1024
MEMBER = "release/mp_rank_00/model_optim_rng.pt"


def names():
    yield "embedding.word_embeddings.weight", (ROWS, WIDTH)
    yield "embedding.position_embeddings.weight", (POSITIONS, WIDTH)
    for layer in range(LAYERS):
        for name, rows, columns in (
            ("input_layernorm", WIDTH, 0),
            ("attention.query_key_value", 3 * WIDTH, WIDTH),
            ("attention.dense", WIDTH, WIDTH),
            ("post_attention_layernorm", WIDTH, 0),
            ("mlp.dense_h_to_4h", 4 * WIDTH, WIDTH),
            ("mlp.dense_4h_to_h", WIDTH, 4 * WIDTH),
        ):
            yield f"transformer.layers.{layer}.{name}.weight", (rows, columns) if columns else (rows,)
            yield f"transformer.layers.{layer}.{name}.bias", (rows,)
    for kind in ("weight", "bias"):
        yield f"transformer.final_layernorm.{kind}", (WIDTH,)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return b"J" + struct.pack("<i", value)


def sizes(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key, shape):
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    storage = b"(" + text("storage") + b"ctorch\nHalfStorage\n" + text(key) + text("cuda:0") + number(count) + b"Nt"
    strides = (shape[1], 1) if len(shape) > 1 else (1,)
    arguments = b"(" + storage + b"Q" + number(0) + sizes(shape) + sizes(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"\x89ccollections\nOrderedDict\n)RtR"


def make(path):
    import numpy

    random = numpy.random.default_rng(345)
    shapes = dict(names())
    keys = {name: str(94_000_000_000_000 + index) for index, name in enumerate(shapes)}
    tree = {}
    for name in shapes:
        first, rest = name.split(".", 1)
        tree.setdefault(first, {})[rest] = name
    body = b"\x80\x02}(" + text("model") + b"}(" + text("language_model") + b"}("
    for first, inner in tree.items():
        body += text(first) + b"}("
        for rest, name in inner.items():
            body += text(rest) + tensor(keys[name], shapes[name])
        body += b"u"
    body += b"uuu."
    order = sorted(shapes, key=lambda name: keys[name])
    head = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."
    listing = b"\x80\x02](" + b"".join(text(keys[name]) for name in order) + b"e."
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr("latest_checkpointed_iteration.txt", "release")
        with archive.open(MEMBER, "w", force_zip64=True) as out:
            out.write(head + body + listing)
            for name in order:
                count = int(numpy.prod(shapes[name]))
                out.write(struct.pack("<q", count))
                out.write((random.standard_normal(count, dtype=numpy.float32) * 0.02).astype("<f2").tobytes())
    partial.rename(path)


def run(command, **options):
    """Seconds, and peak resident memory in MiB."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed: {said.decode(errors='replace')[-2000:]}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


HUGGING_FACE = """
import runpy, sys, torch, transformers
load = torch.load
torch.load = lambda *a, **k: load(*a, **{**k, "weights_only": False})
class Nothing:
    from_pretrained = classmethod(lambda cls, *a, **k: cls())
    def save_pretrained(self, *a): pass
transformers.AutoTokenizer = Nothing
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", type=pathlib.Path, default=root / "target" / "bench")
    parser.add_argument("--program", type=pathlib.Path, default=root / "target" / "release" / "megachat")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--hf", type=pathlib.Path)
    given = parser.parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    source = given.dir / "megatron_345m.zip"
    if not source.exists():
        print(f"making {source}, which takes minutes", file=sys.stderr)
        make(source)
    model, plain = given.dir / "converted", given.dir / "unzipped"
    times = {"megachat convert": [], "unzip -p FILE | cat > OUT": []}
    if given.hf:
        times["Hugging Face's script"] = []
    for _ in range(given.runs):
        shutil.rmtree(model, ignore_errors=True)
        times["megachat convert"].append(run([given.program, "convert", source, model]))
        shutil.rmtree(model, ignore_errors=True)
        shell = f"unzip -p '{source}' '{MEMBER}' | cat > '{plain}'"
        times["unzip -p FILE | cat > OUT"].append(run(["sh", "-c", shell]))
        plain.unlink()
        if given.hf:
            command = [sys.executable, "-c", HUGGING_FACE, given.hf, source]
            times["Hugging Face's script"].append(run(command))
            for name in ("pytorch_model.bin", "config.json"):
                (given.dir / name).unlink(missing_ok=True)
    peer = statistics.median(it[0] for it in times["unzip -p FILE | cat > OUT"])
    print(f"{source.stat().st_size / 1e6:.0f} MB, {given.runs} runs each in turn, load {os.getloadavg()[0]:.1f}")
    for name, found in times.items():
        seconds = sorted(it[0] for it in found)
        median, memory = statistics.median(seconds), max(it[1] for it in found)
        ratio = f"{median / peer:.2f} x unzip"
        print(f"{name:27} {median:6.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f}), {memory:7.1f} MiB, {ratio}")


if __name__ == "__main__":
    main()
