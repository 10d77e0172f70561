"""Makes `cases.json`: directories of models, and what Hugging Face says of their words.

    python3 make.py        (transformers 5.24, tokenizers 0.23; no torch)

A case is a set of files beside the weights. GPT-2's own files are named, not copied: both sides make them from the merges
in `assets/vocab.bpe`. What is asked of a directory:

- `texts`: texts with their ids, special tokens not added;
- `begin`, `ends`: what begins and ends a text, as `GenerationConfig` has it, else the tokenizer;
- `prepends`: whether a text is read with the first one before it;
- `len`, `bytes`, `added`: the number of ids, a hash over the bytes of all of them, and the added tokens with their kind.

Three kinds of reference, each named in its case:

- `transformers`: `AutoTokenizer.from_pretrained`, for files of Hugging Face's older layout and for plain `tokenizer.json`;
- `tokenizers`: `Tokenizer.from_file`, where `tokenizer.json` says more than GPT-2's. `GPT2Tokenizer` of transformers 5 takes
  pieces, merges and added tokens from that file and builds normalizer, pre-tokenizer and post-processor anew, so it would
  read other words than the model was trained with. Truncation, padding and dropout that are stored in the file are turned
  off: they are settings of a training run, not of the words;
- `as NAME`: the reference of another case, where Hugging Face reads nothing (GPT-2's `merges.txt` alone) or reads too much.
  `GPT2Tokenizer` gives a token that a file names without an id the next id, also where the word table has no row for it,
  and it adds `<|endoftext|>` to vocabularies that do not have it. No such token can be drawn or read, so here it is none.
"""

import contextlib
import hashlib
import json
import logging
import pathlib
import struct
import tempfile

from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, GenerationConfig, GPT2Config, logging as noise

HERE = pathlib.Path(__file__).parent
noise.set_verbosity_error()
logging.disable(logging.WARNING)

# ---------------------------------------------------------------- bases


def alphabet():
    """The 256 letters that spell bytes, in the order of GPT-2's ids, each with its byte."""
    itself = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in itself]
    return [(chr(it), it) for it in itself] + [(chr(256 + at), it) for at, it in enumerate(others)]


BYTE_OF = dict(alphabet())
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
END = "<|endoftext|>"


def token(id, content, **flags):
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": id, "content": content, **plain, "special": True, **flags}


def tokenizer_json(vocab, merges, added):
    """In the form in which `tokenizers` writes it."""
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": vocab, "merges": [list(it) for it in merges]}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": BYTE_LEVEL, "post_processor": {**BYTE_LEVEL, "trim_offsets": False},
            "decoder": {**BYTE_LEVEL, "add_prefix_space": True}, "model": model}


def files_of(vocab, merges_txt, added):
    merges = [line.split(" ") for line in merges_txt.split("\n") if line and not line.startswith("#version")]
    text = lambda value: json.dumps(value, ensure_ascii=False)
    return {"vocab.json": text(vocab), "merges.txt": merges_txt, "tokenizer.json": text(tokenizer_json(vocab, merges, added))}


def pieces_of(merges_txt, size=None):
    vocab = {letter: id for id, (letter, _) in enumerate(alphabet())}
    for line in merges_txt.split("\n"):
        if line and not line.startswith("#version"):
            vocab["".join(line.split(" "))] = len(vocab)
    return vocab


GPT2_MERGES = (HERE / "../../../assets/vocab.bpe").read_text(encoding="utf-8")
GPT2 = {**pieces_of(GPT2_MERGES), END: 50256}
OWN_MERGES = "#version: 0.2\n" + "".join(f"{it}\n" for it in (
    "h e", "Ġ t", "Ġt he", "a n", "an d", "Ġ and", "i n", "o n", "r e", "e r", "s t", "o r", "Ġ w", "Ġw or", "l l", "e ll",
    "l d", "Ġwor ld", "Ġ s", "i t", "i s", "e n", "Ġ o", "o u", "Ġ b", "a t", "Ġ c", "Ġc at", "Ġ f", "e d", "in g", "Ġ m",
    "Ġ p", "t he", "Ġ in", "Ġ Ġ", "1 2", "Ã ©", "A B", "Ġ h", "Ġh ell", "Ġhell o", "Ġ a"))
OWN = {**pieces_of(OWN_MERGES), END: 299}
assert len(GPT2) == 50257 and len(OWN) == 300

BASES = {
    "gpt2": files_of(GPT2, GPT2_MERGES, [token(50256, END, normalized=True)]),
    "own": files_of(OWN, OWN_MERGES, [token(299, END)]),
}
# A vocabulary without marks, and one that cannot spell everything.
BARE = {piece: id for piece, id in OWN.items() if piece != END}
BASES["bare"] = files_of(BARE, OWN_MERGES, [])
FEW = {piece: id for id, piece in enumerate([*map(chr, range(97, 123)), "Ġ", ".", "he", "Ġt", "Ġthe", END])}
BASES["few"] = files_of(FEW, "#version: 0.2\nh e\nĠ t\nĠt he\n", [token(31, END)])
# With gaps between its ids, as an added token with an id of its own leaves them.
GAPS = {piece: id if id < 280 else id + 20 for piece, id in OWN.items()}
BASES["gaps"] = files_of(GAPS, OWN_MERGES, [token(319, END)])


def base(name, file, **more):
    """A file of a base; `set` puts values at JSON pointers, `replace` changes the text."""
    return {"of": name, "file": file, **more}


def j(value):
    return {"json": value}


def content(spec):
    """The text of a file; `tests/it/support/model_files.rs` does the same."""
    if isinstance(spec, str):
        return spec
    if "json" in spec:
        return json.dumps(spec["json"], ensure_ascii=False)
    text = BASES[spec["of"]][spec["file"]]
    for old, new in spec.get("replace", []):
        text = text.replace(old, new)
    if "set" in spec:
        value = json.loads(text)
        for pointer, new in spec["set"].items():
            *way, last = pointer.strip("/").split("/")
            at = value
            for key in way:
                at = at[key]
            at[last] = new
        text = json.dumps(value, ensure_ascii=False)
    return text


def config_of(rows, more):
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 8, "n_head": 2, "n_layer": 1,
              "n_positions": 64, "vocab_size": rows, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
              "bos_token_id": 50256, "eos_token_id": 50256, **more}
    return {key: value for key, value in config.items() if value != "absent"}


# ---------------------------------------------------------------- references


@contextlib.contextmanager
def directory(case):
    with tempfile.TemporaryDirectory() as path:
        path = pathlib.Path(path)
        for name, spec in case["files"].items():
            (path / name).write_bytes(content(spec).encode())
        (path / "config.json").write_text(json.dumps(config_of(case["rows"], case.get("config", {}))))
        yield path


class OfTransformers:
    def __init__(self, path):
        self.it = AutoTokenizer.from_pretrained(path)
        self.inner = self.it._tokenizer
        self.added = {id: it for id, it in self.it.added_tokens_decoder.items()}

    def encode(self, text):
        return self.it(text, add_special_tokens=False)["input_ids"]

    def with_marks(self, text):
        return self.it(text)["input_ids"]

    def own(self):
        return self.it.bos_token_id, self.it.eos_token_id


class OfTokenizers:
    def __init__(self, path):
        self.inner = Tokenizer.from_file(str(path / "tokenizer.json"))
        self.inner.no_truncation()
        self.inner.no_padding()
        self.inner.model.dropout = None
        self.added = self.inner.get_added_tokens_decoder()

    def encode(self, text):
        return self.inner.encode(text, add_special_tokens=False).ids

    def with_marks(self, text):
        return self.inner.encode(text).ids

    def own(self):
        return None, None


def listed(ids):
    return [] if ids is None else ids if isinstance(ids, list) else [ids]


def generation(path, rows, config):
    """Begin and ends as `generate` has them: of generation_config.json, else of config.json."""
    if (path / "generation_config.json").exists():
        it = GenerationConfig.from_pretrained(path)
    else:
        if config.get("bos_token_id") == "absent":
            return None
        it = GenerationConfig.from_model_config(GPT2Config.from_pretrained(path))
    return it.bos_token_id, it.eos_token_id


def reference(case):
    with directory(case) as path:
        it = (OfTransformers if case["by"] == "transformers" else OfTokenizers)(path)
        vocab = it.inner.get_vocab(with_added_tokens=True)
        by_id = {id: piece for piece, id in vocab.items()}
        said = {id: piece.encode() if id in it.added else bytes(BYTE_OF[letter] for letter in piece)
                for id, piece in by_id.items()}
        length = max(by_id) + 1
        digest = hashlib.sha256()
        for id in range(length):
            digest.update(struct.pack("<I", len(said.get(id, b""))) + said.get(id, b""))
        out = {"len": length, "bytes": digest.hexdigest(),
               "added": [[id, it.added[id].content, it.added[id].special] for id in sorted(it.added)]}
        out["texts"] = []
        for text in case["texts"]:
            ids = it.encode(text)
            out["texts"].append([text, ids])
        marks = generation(path, case["rows"], case.get("config", {}))
        begin, ends = (listed(marks[0]), listed(marks[1])) if marks else ([], [])
        own_begin, own_end = it.own()
        if case["by"] == "tokenizers":
            # The class has it for these, if the vocabulary has it.
            own_begin = own_end = vocab.get(END)
        known = lambda ids, own: [id for id in ids if id in by_id] if not ids or any(id in by_id for id in ids) else listed(own)
        # A config.json without the keys, or with ids that are no tokens, says nothing; the tokenizer does.
        out["begin"] = next(iter(known(begin, own_begin) if marks else listed(own_begin)), None)
        out["ends"] = known(ends, own_end) if marks else listed(own_end)
        text = "the"
        first = it.with_marks(text)[: -len(it.encode(text))] if len(it.with_marks(text)) > len(it.encode(text)) else []
        out["prepends"] = bool(first) and it.with_marks(text)[0] == out["begin"]
        return out


# ---------------------------------------------------------------- cases

CASES = []
GPT2_TEXTS = ["Hello world", "the and the", "déjà vu 😀\n\n  x", "I'm 12,345 <|endoftext|>x", ""]
OWN_TEXTS = ["the and the", " hello world", "Hi é 😀\n", "a  b\t12 AB", "the<|endoftext|> the", ""]


def case(name, files, rows, by="transformers", texts=None, **more):
    texts = texts if texts is not None else GPT2_TEXTS if rows > 50000 else OWN_TEXTS
    CASES.append({"name": name, "files": files, "rows": rows, "by": by, "texts": texts, **more})


def refused(name, files, rows, *words, **more):
    CASES.append({"name": name, "files": files, "rows": rows, "refused": list(words), **more})


G_JSON, G_VOCAB, G_MERGES = (base("gpt2", it) for it in ("tokenizer.json", "vocab.json", "merges.txt"))
O_JSON, O_VOCAB, O_MERGES = (base("own", it) for it in ("tokenizer.json", "vocab.json", "merges.txt"))
G_BOTH, O_BOTH = {"vocab.json": G_VOCAB, "merges.txt": G_MERGES}, {"vocab.json": O_VOCAB, "merges.txt": O_MERGES}
O_MARKS = {"bos_token_id": 299, "eos_token_id": 299}
START = [token(50256, END), token(50257, "<|startoftext|>"), token(50258, "<|pad|>")]
START_TEXTS = ["<|startoftext|>Hello", "a <|pad|> b<|endoftext|>", *GPT2_TEXTS]


def own_json(**settings):
    return {"tokenizer.json": base("own", "tokenizer.json", set={f"/{key.replace('__', '/')}": value for key, value in settings.items()})}


# GPT-2's own words, in every set of files.
case("gpt2: tokenizer.json", {"tokenizer.json": G_JSON}, 50257)
case("gpt2: vocab.json and merges.txt", G_BOTH, 50257, program=True)
case("gpt2: all three", {**G_BOTH, "tokenizer.json": G_JSON}, 50257)
case("gpt2: merges.txt", {"merges.txt": G_MERGES}, 50257, by="as gpt2: vocab.json and merges.txt", program=True)
case("gpt2: vocab.json and merges.txt with the line ends of Windows",
     {"vocab.json": G_VOCAB, "merges.txt": base("gpt2", "merges.txt", replace=[["\n", "\r\n"]])}, 50257,
     by="as gpt2: vocab.json and merges.txt")
case("gpt2: merges.txt with the line ends of Windows",
     {"merges.txt": base("gpt2", "merges.txt", replace=[["\n", "\r\n"]])}, 50257, by="as gpt2: vocab.json and merges.txt")
case("gpt2: merges.txt without its first line",
     {"vocab.json": G_VOCAB, "merges.txt": base("gpt2", "merges.txt", replace=[["#version: 0.2\n", ""]])}, 50257)
case("gpt2: merges as texts in tokenizer.json", {"tokenizer.json": {**G_JSON, "merges_as_texts": True}}, 50257)
case("gpt2: GPT2TokenizerFast", {"tokenizer.json": G_JSON, "tokenizer_config.json": j({
    "tokenizer_class": "GPT2TokenizerFast", "model_max_length": 1024, "bos_token": END, "eos_token": END, "unk_token": END,
    "add_prefix_space": False})}, 50257)
case("gpt2: a table padded to 50,304 rows", {"tokenizer.json": G_JSON}, 50304)
case("gpt2: a table padded to 50,432 rows", G_BOTH, 50432)
case("gpt2: truncation, padding and dropout stored", {"tokenizer.json": base("gpt2", "tokenizer.json", set={
    "/truncation": {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0},
    "/padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 50256,
                 "pad_type_id": 0, "pad_token": END},
    "/model/dropout": 0.5})}, 50257, by="tokenizers",
     texts=["one two three four five six seven eight nine ten eleven twelve", "one"])
case("gpt2: a space before the text", {**G_BOTH, "tokenizer_config.json": j({"add_prefix_space": True})}, 50257, kind="own")
case("gpt2: begins with its mark", {**G_BOTH, "tokenizer_config.json": j({"add_bos_token": True, "tokenizer_class": "GPT2Tokenizer"})},
     50257, prepends=True)
case("gpt2: several tokens end a text", {"tokenizer.json": G_JSON, "generation_config.json": j({
    "bos_token_id": 50256, "eos_token_id": [50256, 198]})}, 50257, program=True, logits={"198": 8})
case("gpt2: no token ends a text", {"tokenizer.json": G_JSON, "generation_config.json": j({"bos_token_id": 50256, "eos_token_id": None})},
     50257, config={"eos_token_id": None})
case("gpt2: no token begins a text", {"tokenizer.json": G_JSON}, 50257, config={"bos_token_id": None})

# Tokens that a fine-tune added to GPT-2's.
MAP = {"bos_token": "<|startoftext|>", "eos_token": END, "pad_token": "<|pad|>"}
ADDED = {"<|startoftext|>": 50257, "<|pad|>": 50258}
G_ADDED = {"tokenizer.json": base("gpt2", "tokenizer.json", set={"/added_tokens": START})}
case("added: tokenizer.json, added_tokens.json and GPT-2's vocab.json and merges.txt",
     {**G_BOTH, **G_ADDED, "added_tokens.json": j(ADDED), "special_tokens_map.json": j(MAP)}, 50259,
     config={"bos_token_id": 50257, "pad_token_id": 50258}, texts=START_TEXTS, program=True, logits={"50257": 8})
case("added: tokenizer.json", G_ADDED, 50259, config={"bos_token_id": 50257}, texts=START_TEXTS)
case("added: added_tokens.json with vocab.json and merges.txt",
     {**G_BOTH, "added_tokens.json": j(ADDED), "special_tokens_map.json": j(MAP)}, 50259, texts=START_TEXTS, program=True,
     config={"bos_token_id": 50257})
case("added: added_tokens.json with GPT-2's merges.txt", {"merges.txt": G_MERGES, "added_tokens.json": j(ADDED),
     "special_tokens_map.json": j(MAP)}, 50259, by="as added: added_tokens.json with vocab.json and merges.txt",
     config={"bos_token_id": 50257}, texts=START_TEXTS)
case("added: added_tokens.json alone says that they are words", {**G_BOTH, "added_tokens.json": j({"<user>": 50257, "<bot>": 50258})},
     50259, texts=["<user> hi<bot>", *GPT2_TEXTS])
case("added: added_tokens_decoder", {**G_BOTH, "tokenizer_config.json": j({
    "tokenizer_class": "GPT2Tokenizer", "bos_token": END, "eos_token": END, "unk_token": END, "pad_token": "<pad>",
    "added_tokens_decoder": {
        "50256": {"content": END, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": True},
        "50257": {"content": "<pad>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True},
        "50258": {"content": "wowza", "lstrip": False, "normalized": True, "rstrip": False, "single_word": True, "special": False}}})},
     50304, texts=["<pad>x", "wowza, wowzas wowza", *GPT2_TEXTS], program=True)
case("added: special_tokens_map.json of objects", {**G_BOTH, "special_tokens_map.json": j({
    "bos_token": {"content": END, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False},
    "eos_token": {"content": END, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False},
    "mask_token": {"content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}})},
     50258, texts=["a <mask> b", *GPT2_TEXTS])
case("added: more special tokens", {**G_BOTH, "tokenizer_config.json": j({"additional_special_tokens": ["<sep>", "<cls>"]})},
     50259, texts=["a<sep>b<cls>", *GPT2_TEXTS])
case("added: words of its own", {"tokenizer.json": base("gpt2", "tokenizer.json", set={"/added_tokens": [
    token(50256, END), token(50257, "hello there", special=False, normalized=True), token(50258, "Ünï", special=False)]})},
     50259, texts=["so hello there, Ünï", *GPT2_TEXTS])
case("added: taller than the table", G_ADDED, 50257, texts=START_TEXTS)
case("added: a name without an id and without a row", {**G_BOTH, "special_tokens_map.json": j({"pad_token": "[PAD]"})}, 50257,
     by="as gpt2: vocab.json and merges.txt", kind="gpt2")
case("added: another token ends a text", {**G_ADDED, "generation_config.json": j({"bos_token_id": 50257, "eos_token_id": 50258})},
     50259, texts=START_TEXTS, logits={"50258": 8})

# A vocabulary of the model's own.
case("own: tokenizer.json", {"tokenizer.json": O_JSON}, 300, config=O_MARKS, program=True)
case("own: vocab.json and merges.txt", O_BOTH, 300, config=O_MARKS)
case("own: all three", {**O_BOTH, "tokenizer.json": O_JSON}, 300, config=O_MARKS)
case("own: the configuration names GPT-2's mark", {"tokenizer.json": O_JSON}, 300, logits={"299": 8})
case("own: the configuration names no mark", O_BOTH, 300, config={"bos_token_id": "absent", "eos_token_id": "absent"})
case("own: the configuration has none", {"tokenizer.json": O_JSON}, 300, config={"bos_token_id": None, "eos_token_id": None},
     program=True)
case("own: two tokens end a text", {**O_BOTH, "generation_config.json": j({"bos_token_id": 299, "eos_token_id": [299, 10]})}, 300,
     program=True, logits={"10": 8})
case("own: a table padded to 304 rows", {"tokenizer.json": O_JSON}, 304, config=O_MARKS)
case("own: a table padded to 320 rows", O_BOTH, 320, config=O_MARKS, program=True)
case("own: a table of 280 rows", {"tokenizer.json": O_JSON}, 280, config=O_MARKS, texts=OWN_TEXTS)
case("own: ids with gaps", {"tokenizer.json": base("gaps", "tokenizer.json")}, 320, config={"bos_token_id": 319, "eos_token_id": 319},
     program=True)
case("own: ids with gaps, in vocab.json", {it: base("gaps", it) for it in ("vocab.json", "merges.txt")}, 320,
     config={"bos_token_id": 319, "eos_token_id": 319})
case("own: line ends of Windows", {"vocab.json": O_VOCAB, "merges.txt": base("own", "merges.txt", replace=[["\n", "\r\n"]])}, 300,
     by="as own: vocab.json and merges.txt", config=O_MARKS)
case("own: merges.txt without its first line", {"vocab.json": O_VOCAB, "merges.txt": base("own", "merges.txt", replace=[
    ["#version: 0.2\n", ""]])}, 300, config=O_MARKS)
case("own: merges as texts", {"tokenizer.json": {**O_JSON, "merges_as_texts": True}}, 300, config=O_MARKS)
case("own: merges as texts of an older version, with empty marks", {"tokenizer.json": {**O_JSON, "merges_as_texts": True, "set": {
    "/model/continuing_subword_prefix": "", "/model/end_of_word_suffix": ""}}}, 300, config=O_MARKS)
case("own: without a mark", {it: base("bare", it) for it in ("vocab.json", "merges.txt")}, 299, by="tokenizers of bare",
     texts=["the and the", "é", ""], config={"bos_token_id": None, "eos_token_id": None})
case("own: without some letters", {it: base("few", it) for it in ("vocab.json", "merges.txt")}, 32,
     config={"bos_token_id": 31, "eos_token_id": 31}, texts=["the wet the.", ""], program=True,
     unspelled=[["the é", "é", "c3"], ["The", "T", "54"], ["the\n", "\\n", "0a"]])
case("own: without some letters, in tokenizer.json", {"tokenizer.json": base("few", "tokenizer.json")}, 32,
     config={"bos_token_id": 31, "eos_token_id": 31}, texts=["the wet the.", ""], unspelled=[["a😀", "😀", "f0"]])

# What tokenizer.json may say beyond GPT-2's.
O_ADDED = [token(299, END)]


def with_added(*more):
    return own_json(added_tokens=O_ADDED + list(more))


case("json: takes the space to its left", with_added(token(300, "<m>", lstrip=True)), 301, by="tokenizers", config=O_MARKS,
     texts=["the  <m> the", "<m>", *OWN_TEXTS], program=True)
case("json: takes the space to its right", with_added(token(300, "<m>", rstrip=True)), 301, by="tokenizers", config=O_MARKS,
     texts=["the <m>  the", *OWN_TEXTS])
case("json: a whole word only", with_added(token(300, "cat", single_word=True, special=False)), 301, by="tokenizers",
     config=O_MARKS, texts=["cat cats a cat.", *OWN_TEXTS])
case("json: added words", with_added(token(300, "new word", special=False), token(301, "the the", special=False, normalized=True)),
     302, by="tokenizers", config=O_MARKS, texts=["a new word", "the the the", *OWN_TEXTS])
case("json: marks beyond ASCII that are pieces too", own_json(added_tokens=O_ADDED + [token(300, "<é>"), token(301, "日")],
     model__vocab={**OWN, "<é>": 300, "日": 301}), 302, by="tokenizers", config=O_MARKS, texts=["the<é>日 é", *OWN_TEXTS])
case("json: NFC", own_json(normalizer={"type": "NFC"}), 300, by="tokenizers", config=O_MARKS,
     texts=["e\u0301 and \u00e9", *OWN_TEXTS])
case("json: NFKC", own_json(normalizer={"type": "NFKC"}), 300, by="tokenizers", config=O_MARKS, texts=["ﬁ ① Ａ", *OWN_TEXTS])
case("json: lower case", own_json(normalizer={"type": "Lowercase"}), 300, by="tokenizers", config=O_MARKS,
     texts=["THE And É", "THE<|endoftext|>THE", *OWN_TEXTS], program=True)
case("json: a replacement", own_json(normalizer={"type": "Replace", "pattern": {"String": "12"}, "content": "twelve"}), 300,
     by="tokenizers", config=O_MARKS)
case("json: a replacement by a pattern", own_json(normalizer={"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}), 300,
     by="tokenizers", config=O_MARKS)
case("json: a text behind the text", own_json(normalizer={"type": "Replace", "pattern": {"Regex": "$"}, "content": "!"}), 300,
     by="tokenizers", config=O_MARKS, texts=["the and", "the <|endoftext|>a"])
case("json: a text before a letter", own_json(normalizer={"type": "Replace", "pattern": {"Regex": "(?=n)"}, "content": "-"}), 300,
     by="tokenizers", config=O_MARKS, texts=["the and the", " hello"])
case("json: a text before the text", own_json(normalizer={"type": "Prepend", "prepend": " "}), 300, by="tokenizers", config=O_MARKS)
case("json: a sequence of normalizers", own_json(normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"},
     {"type": "Lowercase"}]}), 300, by="tokenizers", config=O_MARKS, texts=["Éa THE", *OWN_TEXTS])
case("json: added words in a normalized text", own_json(normalizer={"type": "Lowercase"}, added_tokens=O_ADDED + [
    token(300, "Wow", special=False, normalized=True), token(301, "<X>", normalized=False)]), 302, by="tokenizers", config=O_MARKS,
     texts=["wow WOW Wow <X> <x>", *OWN_TEXTS])
case("json: a space before the text", own_json(pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": True}), 300, by="tokenizers",
     config=O_MARKS, program=True)
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
case("json: split by a pattern of its own", own_json(pre_tokenizer={"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Isolated", "invert": False}, {**BYTE_LEVEL, "use_regex": False}]}),
     300, by="tokenizers", config=O_MARKS, texts=["the12345 'The'  the", "a\n\n  the", *OWN_TEXTS], program=True)
case("json: digits one by one", own_json(pre_tokenizer={"type": "Sequence", "pretokenizers": [
    {"type": "Digits", "individual_digits": True}, BYTE_LEVEL]}), 300, by="tokenizers", config=O_MARKS)
case("json: white space that is dropped", own_json(pre_tokenizer={"type": "Sequence", "pretokenizers": [
    {"type": "WhitespaceSplit"}, BYTE_LEVEL]}), 300, by="tokenizers", config=O_MARKS)
case("json: merges ignored for whole pieces", own_json(model__ignore_merges=True, model__merges=[["h", "e"]]), 300, by="tokenizers",
     config=O_MARKS, texts=["the and the", " world and hell"])
TEMPLATE = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": END, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {END: {"id": END, "ids": [299], "tokens": [END]}}}
case("json: begins with its mark", own_json(post_processor=TEMPLATE), 300, by="tokenizers", config=O_MARKS, program=True)
case("json: begins with its mark, in a sequence", own_json(post_processor={"type": "Sequence", "processors": [BYTE_LEVEL, TEMPLATE]}), 300,
     by="tokenizers", config=O_MARKS)
case("json: ends with its mark", own_json(post_processor={**TEMPLATE, "single": TEMPLATE["single"][::-1]}), 300, by="tokenizers",
     config=O_MARKS, prepends=False)
case("json: RoBERTa's", {**own_json(added_tokens=O_ADDED + [token(300, "<s>"), token(301, "</s>"), token(302, "<pad>")],
     post_processor={"type": "RobertaProcessing", "sep": ["</s>", 301], "cls": ["<s>", 300], "trim_offsets": True, "add_prefix_space": False}),
     "tokenizer_config.json": j({"tokenizer_class": "RobertaTokenizer"})}, 304, by="tokenizers",
     config={"bos_token_id": 300, "eos_token_id": 301}, texts=["<s>the</s>", *OWN_TEXTS])
case("json: truncation, padding and dropout stored", own_json(
    truncation={"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}, model__dropout=0.9,
    padding={"strategy": {"Fixed": 9}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}),
     300, by="tokenizers", config=O_MARKS)
case("json: an unknown token that is never needed", own_json(model__unk_token=END), 300, by="tokenizers", config=O_MARKS)

# Nothing beside the weights, and what the user says.
for rows in (50257, 50304, 300):
    # GPT-2's words are offered where they fit into the table.
    gpt2 = ["--tokenizer gpt2"] if rows >= 50257 else []
    refused(f"nothing: {rows} rows", {}, rows, f"{rows} rows", "which words", *gpt2, "--tokenizer DIR", program=rows != 50304)
case("given gpt2: 50257 rows", {}, 50257, by="as gpt2: vocab.json and merges.txt", given="gpt2")
case("given gpt2: 50304 rows", {}, 50304, by="as gpt2: vocab.json and merges.txt", given="gpt2")
case("given a directory: 300 rows", {}, 300, by="as own: tokenizer.json", given={"tokenizer.json": O_JSON}, config=O_MARKS, program=True)
case("given gpt2: a pickle of characters", {"meta.pkl": "\x80"}, 50304, by="as gpt2: vocab.json and merges.txt", given="gpt2")
case("given a directory: it counts, not what is beside the weights", {"tokenizer.json": base("few", "tokenizer.json")}, 300,
     by="as own: tokenizer.json", given=O_BOTH, config=O_MARKS)
refused("given a directory: without a tokenizer", {}, 300, "--tokenizer", "names no tokenizer", given={"readme.txt": "hello"})
refused("given a directory: half a tokenizer", {}, 300, "--tokenizer", "names no tokenizer", given={"vocab.json": O_VOCAB})

# What is refused, and why.
refused("other: vocab.txt", {"vocab.txt": "[PAD]\n[UNK]\n"}, 300, "vocab.txt", "BERT", "--tokenizer", program=True)
refused("other: spiece.model", {"spiece.model": "\n\x0e"}, 300, "spiece.model", "SentencePiece", "--tokenizer")
refused("other: tokenizer.model", {"tokenizer.model": "\n\x0e"}, 300, "tokenizer.model", "SentencePiece", "--tokenizer")
refused("other: meta.pkl", {"meta.pkl": "\x80"}, 65, "meta.pkl", "nanoGPT", "--tokenizer", program=True)
for name in ("BertTokenizer", "T5TokenizerFast", "LlamaTokenizer"):
    refused(f"other: {name}", {**O_BOTH, "tokenizer_config.json": j({"tokenizer_class": name})}, 300, name, "byte-level BPE", "--tokenizer")
refused("other: a class in config.json", {"tokenizer.json": O_JSON}, 300, "BertTokenizer", config={"tokenizer_class": "BertTokenizer"})
UNIGRAM = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁the", -1.0]], "byte_fallback": False}
WORDPIECE = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
             "vocab": {"[UNK]": 0, "the": 1}}
refused("other: unigram", own_json(model=UNIGRAM), 300, "unigram", "SentencePiece", "--tokenizer", program=True)
refused("other: WordPiece", own_json(model=WORDPIECE), 300, "WordPiece", "BERT", "--tokenizer")
refused("other: whole words", own_json(model={"type": "WordLevel", "vocab": {"the": 0}, "unk_token": "the"}), 300, "whole words")
refused("other: bytes as a fallback", own_json(model__byte_fallback=True), 300, "fallback", "SentencePiece")
refused("other: split by Metaspace", own_json(pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
        "split": True}), 300, "Metaspace")
refused("other: split by white space alone", own_json(pre_tokenizer={"type": "Whitespace"}), 300, "bytes")
refused("other: a precompiled normalizer", own_json(normalizer={"type": "Precompiled", "precompiled_charsmap": "ABCD"}), 300,
        "precompiled", "SentencePiece", program=True)
refused("other: pieces that spell no bytes", own_json(model__vocab={**OWN, "▁the": 300}), 301, "300", "▁the", "byte alphabet")
refused("half: vocab.json", {"vocab.json": O_VOCAB}, 300, "vocab.json but not merges.txt", program=True)
refused("half: merges.txt of its own", {"merges.txt": O_MERGES}, 300, "merges.txt but not vocab.json")
refused("damaged: tokenizer.json is cut", {"tokenizer.json": '{"version": "1.0", "model": {"type": "BPE", "vo'}, 300, "tokenizer.json",
        "no JSON", program=True)
refused("damaged: tokenizer.json is a web page", {"tokenizer.json": "<!DOCTYPE html><html></html>"}, 300, "tokenizer.json", "a web page")
refused("damaged: tokenizer.json is empty", {"tokenizer.json": ""}, 300, "tokenizer.json", "no JSON")
refused("damaged: tokenizer.json without a model", {"tokenizer.json": "{}"}, 300, "tokenizer.json", "`model`")
refused("damaged: vocab.json is a list", {"vocab.json": "[]", "merges.txt": O_MERGES}, 300, "vocab.json", "not a JSON object")
refused("damaged: vocab.json is a web page", {"vocab.json": "<html>", "merges.txt": O_MERGES}, 300, "vocab.json", "a web page")
refused("damaged: merges.txt is a web page", {"vocab.json": O_VOCAB, "merges.txt": "<html>\n<body>\n"}, 300, "merges.txt", "web page")
refused("damaged: a merge of unknown pieces", {"vocab.json": O_VOCAB, "merges.txt": "#version: 0.2\nh e\nhe qq\n"}, 300, "line 3", "he qq")
refused("damaged: tokenizer_config.json", {**O_BOTH, "tokenizer_config.json": "{"}, 300, "tokenizer_config.json", "no JSON")
refused("damaged: GPT-2's with a broken added_tokens.json", {**G_BOTH, "added_tokens.json": "{"}, 50257, "added_tokens.json", "no JSON")
refused("damaged: an end that is no id", {"tokenizer.json": O_JSON, "generation_config.json": j({"eos_token_id": "end"})}, 300,
        "generation_config.json", "eos_token_id")
refused("odd: an id of 300,000,000", own_json(added_tokens=O_ADDED + [token(300_000_000, "<far>")]), 300, "<far>", "300000000", "300 rows",
        program=True)
refused("odd: an id of 300,000,000 in vocab.json", {"vocab.json": j({**BARE, "far": 300_000_000}), "merges.txt": O_MERGES}, 300,
        "vocab.json", "300000000")
refused("odd: a negative id", {"vocab.json": j({**BARE, "far": -1}), "merges.txt": O_MERGES}, 300, "vocab.json", "whole number")
refused("odd: a replacement that grows", own_json(normalizer={"type": "Replace", "pattern": {"String": "a"}, "content": "b" * 3000}), 300,
        "3000", "times as long", program=True)
refused("odd: replacements that grow together", own_json(normalizer={"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": it}, "content": it * 10} for it in "abcdef"]}), 300, "times as long")
refused("odd: one id for two pieces", {"vocab.json": j({**OWN, "zz": 5}), "merges.txt": O_MERGES}, 300, "same id, 5")
refused("odd: an added token under the id of another", {**O_BOTH, "added_tokens.json": j({"<x>": 5})}, 300, "<x>", "id 5")
refused("damaged: a merge that makes no piece", {"vocab.json": j({"a": 0, "b": 1}), "merges.txt": "a b\n"}, 300, "a b", "no piece")
refused("damaged: a merge that makes no piece, in tokenizer.json", own_json(model__vocab={"h": 0, "e": 1}, model__merges=[["h", "e"]]), 300,
        "h e", "no piece")
for name, pattern in (("spaces or nothing", "\\s*"), ("the beginning", "^"), ("the ends of words", "\\b")):
    refused(f"odd: {name} replaced", own_json(normalizer={"type": "Replace", "pattern": {"Regex": pattern}, "content": " "}), 300,
            "replaces nothing")
refused("odd: an empty text replaced", own_json(normalizer={"type": "Replace", "pattern": {"String": ""}, "content": " "}), 300,
        "replaces nothing")
refused("odd: parts of no length", own_json(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "FixedLength", "length": 0}, BYTE_LEVEL]}), 300, "no length")
refused("odd: an added token that is a piece of another id", {**G_BOTH, "tokenizer_config.json": j({"added_tokens_decoder": {
        "50257": {"content": "wow", "special": False}}})}, 50258, "wow", "50257", "42773")
refused("odd: an added token with two ids", {"tokenizer.json": O_JSON, "added_tokens.json": j({END: 300})}, 301, END, "300", "299")


# ---------------------------------------------------------------- writing


def as_texts(text):
    value = json.loads(text)
    value["model"]["merges"] = [" ".join(it) for it in value["model"]["merges"]]
    return json.dumps(value, ensure_ascii=False)


plain_content = content


def content(spec):
    text = plain_content(spec)
    return as_texts(text) if isinstance(spec, dict) and spec.get("merges_as_texts") else text


def main():
    done = {}
    for case in CASES:
        if "refused" in case:
            continue
        if case["by"].startswith("as "):
            case["expected"] = done[case["by"].removeprefix("as ")]
        elif case["by"] == "tokenizers of bare":
            case["expected"] = reference({**case, "by": "tokenizers", "files": {"tokenizer.json": base("bare", "tokenizer.json")}})
        else:
            case["expected"] = reference(case)
        rows = case["rows"]
        case.setdefault("logits", {"262" if rows > 50000 else "30" if rows == 32 else "258": 8})
        case.setdefault("kind", "gpt2" if case["name"].startswith(("gpt2:", "given gpt2:")) else "own")
        if "prepends" in case:
            case["expected"] = {**case["expected"], "prepends": case["prepends"]}
        done[case["name"]] = case["expected"]
    for case in CASES:
        case.pop("texts", None)
        case.pop("prepends", None)
    bases = {name: files for name, files in BASES.items() if name != "gpt2"}
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in CASES)
    text = f'{{"bases": {json.dumps(bases, ensure_ascii=False)},\n"cases": [\n{lines}\n]}}\n'
    (HERE / "cases.json").write_text(text, encoding="utf-8")
    print(len(CASES), "cases,", sum("refused" in it for it in CASES), "refused,", sum(it.get("program", False) for it in CASES), "run,", len(text), "bytes")


if __name__ == "__main__":
    main()
