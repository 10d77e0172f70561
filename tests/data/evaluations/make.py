"""What an independent script finds of the demo model (float32) in LAMBADA and WikiText-103 by Megatron's protocols.

`python make.py DEMO_DIRECTORY` writes expected.json beside the two texts; with `--texts` it first draws these from the model.
`python make.py DEMO_DIRECTORY lambada|wikitext FILE` prints what it finds of another file.
Needs torch, transformers and regex. The rules are those of Megatron-LM's tasks/zeroshot_gpt (before 2025-07-24), written
out from its description and not from the program under test.
"""
import json
import math
import re
import sys
from pathlib import Path

import torch
from transformers import GPT2LMHeadModel, GPT2TokenizerFast

HERE = Path(__file__).parent
torch.set_num_threads(2)
model = GPT2LMHeadModel.from_pretrained(sys.argv[1], torch_dtype=torch.float32).eval()
tokenizer = GPT2TokenizerFast.from_pretrained(sys.argv[1])
encode = lambda text: tokenizer(text)["input_ids"]


def detokenize(s):
    s = s.replace("s '", "s'")
    s = re.sub(r"/' [0-9]/", r"/'[0-9]/", s)
    for a, b in [(" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."), (" : ", ": "), (" ; ", "; "), (" . ", ". "),
                 (" ! ", "! "), (" ? ", "? "), (" , ", ", ")]:
        s = s.replace(a, b)
    s = re.sub(r"\(\s*([^\)]*?)\s*\)", r"(\1)", s)
    s = re.sub(r"\[\s*([^\]]*?)\s*\]", r"[\1]", s)
    s = re.sub(r"{\s*([^}]*?)\s*}", r"{\1}", s)
    s = re.sub(r"\"\s*([^\"]*?)\s*\"", r'"\1"', s)
    s = re.sub(r"'\s*([^']*?)\s*'", r"'\1'", s)
    for a, b in [("= = = =", "===="), ("= = =", "==="), ("= =", "=="), (" \u00b0 ", "\u00b0"), (" \n", "\n"),
                 ("\n ", "\n"), (" N ", " 1 "), (" 's", "'s")]:
        s = s.replace(a, b)
    return s


def lambada(path, strict):
    lines = right = targets = 0
    nats = 0.0
    for line in open(path, encoding="utf-8"):
        text = json.loads(line)["text"]
        if strict:
            last = text.split()[-1]
            before, after = encode(text[:text.rfind(last)].strip()), encode(" " + last)
        else:
            tokens = encode(text)
            before, after = tokens[:-1], tokens[-1:]
        if not before:
            continue
        with torch.no_grad():
            logits = model(torch.tensor([before + after])).logits[0, len(before) - 1:-1].double()
        expected = torch.tensor(after)
        lines += 1
        targets += len(after)
        right += bool((logits.argmax(-1) == expected).all())
        nats -= logits.log_softmax(-1)[range(len(after)), expected].sum().item()
    return {"passages": lines, "targets": targets, "right": right, "accuracy": right / lines, "nats": nats,
            "perplexity_of_words": math.exp(nats / lines), "perplexity_of_tokens": math.exp(nats / targets)}


def wikitext(path):
    text = open(path, "rb").read().decode("utf-8")
    words, tokens = len(text.strip().split(" ")), encode(detokenize(text))
    length, step = min(1024, model.config.n_positions), 32
    count = max(math.ceil((len(tokens) - 1 - step) / step) + 1, 1)
    nats, scored = 0.0, 0
    for at in range(count):
        piece = tokens[at * step:at * step + length + 1]
        real = len(piece) - 1
        piece = piece + [50256] * (length + 1 - len(piece))
        mask = [i < real and (at == 0 or i >= length - step) for i in range(length)]
        if not any(mask):
            continue
        with torch.no_grad():
            logits = model(torch.tensor([piece[:-1]])).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(piece[1:]), reduction="none")
        nats += loss.double()[torch.tensor(mask)].sum().item()
        scored += sum(mask)
    loss = nats / (len(tokens) - 1)
    adjusted = loss * (len(tokens) - 1) / (words - 1)
    return {"words": words, "tokens": len(tokens), "windows": count, "scored": scored, "nats": nats, "loss": loss,
            "perplexity": math.exp(min(20, loss)), "adjusted_perplexity": math.exp(min(20, adjusted))}


def draw(seed, count):
    torch.manual_seed(seed)
    out = model.generate(torch.tensor([[50256]]), do_sample=True, max_new_tokens=count, pad_token_id=50256, top_k=0)
    return tokenizer.decode(out[0], skip_special_tokens=True).strip()


def write_texts():
    with open(HERE / "lambada.jsonl", "w", encoding="utf-8") as file:
        for seed in range(60):
            text = draw(seed, 24 + seed % 40).replace("<|endoftext|>", " ")
            cut = text.rfind(" ")
            # Whole words, so that a last one is what the model might guess.
            file.write(json.dumps({"text": text[:cut] if cut > 0 else text}) + "\n")
        for text in ["alone", "One\n\nday", "A cat named\nMittens", "\u00abCaf\u00e9\u00bb is a \u65e5\u672c", "Once upon a time"]:
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    with open(HERE / "wiki.test.tokens", "w", encoding="utf-8", newline="") as file:
        for seed in range(100, 108):
            text = draw(seed, 150)
            for mark in ",.!?;:\"":
                text = text.replace(mark, f" {mark} ")
            text = text.replace("'s", " 's").replace("\n", " \n ")
            file.write(f" \n = Story {seed} = \n \n = = Its beginning = = \n \n {text} \n It took 1 @,@ 000 ( a @-@ b ) days "
                       f"at 20 \u00b0 C , [ see ] the dogs ' \" bone \" and it 's 1 @.@ 5 : <unk> ; N . \n")


if len(sys.argv) > 3:
    what, path = sys.argv[2:4]
    print(json.dumps(wikitext(path) if what == "wikitext" else {"strict": lambada(path, True), "plain": lambada(path, False)}))
else:
    if "--texts" in sys.argv:
        write_texts()
    found = {"strict": lambada(HERE / "lambada.jsonl", True), "plain": lambada(HERE / "lambada.jsonl", False),
             "wikitext103": wikitext(HERE / "wiki.test.tokens")}
    json.dump(found, open(HERE / "expected.json", "w"), indent=1)
    print(json.dumps(found, indent=1))
