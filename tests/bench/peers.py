#!/usr/bin/env python3
"""Runs megachat beside llama.cpp and CTranslate2 on one model and prints the ratios.

    cargo build --release
    python3 tests/bench/peers.py MODEL --work DIR [--llama DIR] [--runs 5] [--threads 2]

MODEL is an installed model's name or a GPT-2 directory. DIR keeps what the peers read: GGUF files (made by `megachat
export`, 4 bits by `llama-quantize`) and CTranslate2's directories. `--llama` names the directory of `llama-bench`,
`llama-completion` and `llama-quantize`; CTranslate2 takes part if this Python can import `ctranslate2` and
`transformers`. In each round everybody has a turn, so that all share whatever else the machine does; printed are the
medians, the ranges and the median of the rounds' ratios. With `--quick` only decoding and reading are measured.
"""

import argparse
import json
import os
import pathlib
import pty
import re
import select
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"q8": "q8_0", "q4": "q4_0", "f16": "f16"}
PROMPT = "The meaning of life is"


class Table:
    def __init__(self):
        self.figures = {}

    def add(self, row, who, figure):
        if figure is not None:
            self.figures.setdefault(row, {}).setdefault(who, []).append(figure)

    def show(self, goals):
        print("| | megachat | peer | ratio | goal |\n| --- | --- | --- | --- | --- |")
        for row, by in self.figures.items():
            ours = by.get("megachat")
            others = [who for who in by if who != "megachat"]
            for who in others or [None]:
                theirs = by.get(who) if who else None
                ratio = ""
                if ours and theirs:
                    each = [a / b for a, b in zip(ours, theirs)]
                    ratio = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
                print(f"| {row} | {shown(ours)} | {who or ''} {shown(theirs)} | {ratio} | {goals.get(row, '')} |")


def shown(figures):
    if not figures:
        return ""
    return f"{statistics.median(figures):.4g} ({min(figures):.4g} to {max(figures):.4g})"


def run(command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
    return done.stdout


def bench(options, dtype, *more):
    command = [options.megachat, "bench", "-m", options.model, "--dtype", dtype, "--runs", "1", "--json"]
    return json.loads(run([*command, "--threads", str(options.threads), *more]))


def llama_bench(options, dtype):
    command = [options.llama / "llama-bench", "-m", options.work / f"model.{dtype}.gguf", "-t", str(options.threads)]
    answer = run([*command, "-p", "512", "-n", "64", "-d", "0,512", "-r", "1", "-o", "json"])
    return {(it["n_prompt"], it["n_gen"], it["n_depth"]): it["avg_ts"] for it in json.loads(answer)}


CTRANSLATE2 = """
import sys, time, ctranslate2
directory, kind, threads = sys.argv[1:]
it = ctranslate2.Generator(directory, compute_type=kind, intra_threads=int(threads), inter_threads=1)
words = [f"w{n}" for n in range(512)]
ids = [[n * 7919 % 50257 for n in range(512)]]
it.forward_batch([ids[0][:16]])
begun = time.perf_counter()
it.forward_batch(ids)
print(512 / (time.perf_counter() - begun))
"""


def ctranslate2_reads(options, kind):
    directory = options.work / f"ct2-{kind}"
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    command = [sys.executable, "-c", CTRANSLATE2, directory, kind, str(options.threads)]
    return float(run(command, env=environment))


ONE_TOKEN = """
import resource, subprocess, sys, time
begun = time.perf_counter()
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
code = subprocess.call(sys.argv[1:], **quiet)
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, code)
"""


def one_token(command):
    """Seconds from the start of a process to its end after one token, and its peak memory in MB."""
    # By way of a small process: a child counts what its parent held when it was made.
    seconds, memory, code = run([sys.executable, "-S", "-c", ONE_TOKEN, *map(str, command)]).split()
    if code != "0":
        sys.exit(f"{' '.join(map(str, command))} failed")
    return float(seconds), float(memory)


def headless(options, dtype, tokens, sampling):
    """Tokens per second of a command: what so many more tokens take."""
    command = [options.megachat, "-m", options.model, "--dtype", dtype, "--threads", str(options.threads), "-q"]
    command += ["--ignore-eos", "--seed", "1", *sampling, "-p", PROMPT, "-n"]
    return tokens / (one_token([*command, str(tokens + 1)])[0] - one_token([*command, "1"])[0])


class Screen:
    """What a terminal shows of a program that only moves its cursor by row and column and writes: enough to read words."""

    PARTS = re.compile(r"\x1b\[(\d*);?(\d*)H|\x1b\[[0-9;:?<>=]*[a-zA-Z]|\x1b[^\[]|([^\x1b])", re.DOTALL)

    def __init__(self):
        self.rows, self.row, self.column, self.rest = {}, 1, 1, ""

    def hear(self, text):
        text = self.rest + text
        # A sequence may go on in the next piece.
        unfinished = re.search(r"\x1b(\[[0-9;:?<>=]*)?$", text)
        self.rest = unfinished[0] if unfinished else ""
        text = text[: len(text) - len(self.rest)]
        for part in self.PARTS.finditer(text):
            if part[3]:
                self.rows.setdefault(self.row, {})[self.column] = part[3]
                self.column += 1
            elif part[0].endswith("H"):
                self.row, self.column = int(part[1] or 1), int(part[2] or 1)

    def shows(self, words):
        lines = ("".join(row.get(at, " ") for at in range(1, 121)) for row in self.rows.values())
        return any(words in line for line in lines)


def interface(options, dtype, tokens, sampling):
    """Tokens per second from Enter to the last of so many, in a terminal of 120 by 40."""
    command = [options.megachat, "-m", options.model, "--dtype", dtype, "-n", str(tokens), "--threads", str(options.threads)]
    command += ["--no-save", "--ignore-eos", "--seed", "1", *sampling, PROMPT]
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], [str(it) for it in command])
    import fcntl, struct, termios

    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    screen = Screen()

    def hear(seconds):
        if select.select([master], [], [], seconds)[0]:
            return time.perf_counter(), os.read(master, 65536).decode(errors="replace")
        return None

    # The context is shown once a token can be drawn; before, the screen says that the model is being made ready.
    until = time.time() + 60
    while not screen.shows("ctx"):
        if time.time() > until:
            sys.exit("the interface was not ready in a minute")
        if heard := hear(0.1):
            screen.hear(heard[1])
    os.write(master, b"\r")
    sent, pieces = time.perf_counter(), []
    # What is shown is read afterwards: while tokens are drawn the processors are the program's.
    while heard := hear(2.0):
        pieces.append(heard)
    seconds = None
    for at, text in pieces:
        screen.hear(text)
        if screen.shows("max-tokens reached"):
            seconds = at - sent
            break
    if seconds is None:
        sys.exit("the interface did not draw its tokens")
    os.write(master, b"\x03\x03")
    time.sleep(0.2)
    os.close(master)
    os.waitpid(pid, 0)
    return tokens / seconds


def prepare(options):
    options.work.mkdir(parents=True, exist_ok=True)
    for dtype in ("f16", "q8_0"):
        file = options.work / f"model.{dtype}.gguf"
        if not file.exists():
            run([options.megachat, "export", options.model, "--to", "gguf", "--dtype", dtype, file])
    file = options.work / "model.q4_0.gguf"
    if options.llama and not file.exists():
        run([options.llama / "llama-quantize", "--pure", options.work / "model.f16.gguf", file, "q4_0"])
    if options.ctranslate2:
        import ctranslate2

        for kind in ("int8", "float32"):
            directory = options.work / f"ct2-{kind}"
            if not directory.exists():
                converter = ctranslate2.converters.TransformersConverter(str(options.ctranslate2))
                converter.convert(str(directory), quantization=kind)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--megachat", type=pathlib.Path, default=ROOT / "target/release/megachat")
    parser.add_argument("--llama", type=pathlib.Path)
    parser.add_argument("--ctranslate2", type=pathlib.Path, help="the model's Hugging Face directory")
    parser.add_argument("--directory", type=pathlib.Path, help="a directory of the same weights that is not installed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    prepare(options)
    table, bandwidth, loads = Table(), [], []
    for _ in range(options.runs):
        loads.append(os.getloadavg()[0])
        for dtype, kind in TYPES.items():
            ours = bench(options, dtype, "--prefill", "512", "--decode", "64", "--depth", "0,512", "--batch", "4")
            figures = {name: it["median"] for name, it in ours["figures"].items()}
            bandwidth.append(ours["memory_bandwidth"] / 1e9)
            table.add(f"decode {dtype}", "megachat", figures["decode_0"])
            table.add(f"decode {dtype} after 512", "megachat", figures["decode_512"])
            table.add(f"prefill 512 {dtype}", "megachat", figures["prefill"])
            table.add(f"{dtype}: weights read, share of the bandwidth", "megachat", ours["weights_per_second"] / ours["memory_bandwidth"])
            table.add(f"{dtype}: after 512 / short", "megachat", figures["decode_512"] / figures["decode_0"])
            table.add(f"{dtype}: four at once / one", "megachat", figures["batch"] / figures["decode_0"])
            if options.llama:
                theirs = llama_bench(options, kind)
                table.add(f"decode {dtype}", "llama.cpp", theirs.get((0, 64, 0)))
                table.add(f"decode {dtype} after 512", "llama.cpp", theirs.get((0, 64, 512)))
                table.add(f"prefill 512 {dtype}", "llama.cpp", theirs.get((512, 0, 0)))
        if options.ctranslate2:
            for dtype, kind in (("q8", "int8"), ("f32", "float32")):
                ours = bench(options, dtype, "--prefill", "512", "--decode", "1", "--depth", "0", "--batch", "1")
                table.add(f"prefill 512 {dtype}, beside CTranslate2", "megachat", ours["figures"]["prefill"]["median"])
                table.add(f"prefill 512 {dtype}, beside CTranslate2", "CTranslate2", ctranslate2_reads(options, kind))
        if options.quick:
            continue
        common = ["-n", "1", "--threads", str(options.threads)]
        seconds, memory = one_token([options.megachat, "-m", options.model, "--dtype", "q8", "-q", *common, "-p", PROMPT])
        table.add("process to one token, s", "megachat", seconds)
        table.add("peak memory q8, MB", "megachat", memory)
        if options.llama:
            command = [options.llama / "llama-completion", "-m", options.work / "model.q8_0.gguf", *common]
            seconds, memory = one_token([*command, "-no-cnv", "-p", PROMPT])
            table.add("process to one token, s", "llama.cpp", seconds)
            table.add("peak memory q8, MB", "llama.cpp", memory)
        if options.directory:
            # Twice: what the first start leaves behind is the second's to use.
            command = [options.megachat, "-m", options.directory, "--dtype", "q8", "-q", *common, "-p", PROMPT]
            one_token(command)
            ours, held = one_token(command)
            table.add("directory to one token, s", "megachat", ours)
            table.add("peak memory q8 from a directory, MB", "megachat", held)
            if options.llama:
                table.add("directory to one token, s", "llama.cpp", seconds)
                table.add("peak memory q8 from a directory, MB", "llama.cpp", memory)
        for name, sampling in (("top-k 40", ["--top-k", "40"]), ("raw", ["--preset", "raw"])):
            alone = bench(options, "q8", "--prefill", "1", "--decode", "256", "--depth", "5", "--batch", "1")
            for way, measure in (("interface", interface), ("headless", headless)):
                table.add(f"{way}, tok/s of q8, {name}", "megachat", measure(options, "q8", 256, sampling))
                table.add(f"{way}, tok/s of q8, {name}", "bench", alone["figures"]["decode_5"]["median"])
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            beside = bench(options, "q8", "--prefill", "16", "--decode", "64", "--depth", "0", "--batch", "1")
        finally:
            busy.kill()
            busy.wait()
        quiet = bench(options, "q8", "--prefill", "16", "--decode", "64", "--depth", "0", "--batch", "1")
        table.add("decode q8, one core taken", "megachat", beside["figures"]["decode_0"]["median"])
        table.add("decode q8, one core taken", "undisturbed", quiet["figures"]["decode_0"]["median"])
    goals = {
        "decode q8": 1.15, "decode q8 after 512": 1.3, "decode q4": 1.1, "decode f16": 1.1,
        "prefill 512 q8, beside CTranslate2": 1.0, "prefill 512 f32, beside CTranslate2": 1.0,
        "process to one token, s": "<= 1", "interface, tok/s of q8, top-k 40": 0.96, "interface, tok/s of q8, raw": 0.96,
        "headless, tok/s of q8, top-k 40": 0.97, "headless, tok/s of q8, raw": 0.97, "decode q8, one core taken": 0.6,
        "q8: four at once / one": "3.3 (the figure itself)",
    }
    table.show(goals)
    print(f"\nmemory bandwidth {shown(bandwidth)} GB/s, load average {shown(loads)}, {options.runs} rounds, {options.threads} threads")


if __name__ == "__main__":
    main()
