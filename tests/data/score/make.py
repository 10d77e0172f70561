"""Makes `words.tsv` and `statistics.tsv`: what others say of 500 sentences that the demo model drew.

    python3 make.py MODEL        (torch, transformers, minicons, wordsprobability)

MODEL is the demo as the program installs it, `models/demo` of its data directory. All figures are of float32.

`words.tsv` has a line for each word: the sentence's number from 1, the word, and its surprise in bits
  by minicons as it is (`word_score_tokenized`, corrected, after the token that begins a text);
  by minicons with the tokens that begin a word as megachat counts them: its own set has those with a leading space alone,
    and neither those with a line feed nor the token that ends a text;
  by wordsprobability as it is, whose set has the leading spaces and the token that ends a text. The first word of a text is
    left out there (NA): it is corrected by the probability that a text begins without a space, which is another question.
`statistics.tsv` has a line for each sentence, by the published formulas in PyTorch with float64 on float32 logits:
  luck (arXiv 2310.05130), Min-K%++ (arXiv 2404.02936, k = 20 %, one token at the least), mean log-rank, LRR (arXiv
  2306.05540), bits, bits of the text in lower case, and the bytes of zlib's `compress` at its usual level.
"""

import math
import pathlib
import sys
import zlib

import torch
from minicons import scorer
from transformers import GPT2LMHeadModel, GPT2TokenizerFast
from wordsprobability.main import agg_surprisal_per_word, mark_bos_subwords  # noqa: F401
from wordsprobability.models import bow_lm

HERE = pathlib.Path(__file__).parent
LN2 = math.log(2)
torch.set_num_threads(1)
torch.manual_seed(7)
tokenizer = GPT2TokenizerFast.from_pretrained(sys.argv[1])
tokenizer.pad_token = tokenizer.eos_token
model = GPT2LMHeadModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
END = tokenizer.eos_token_id

sentences = [
    "The horse raced past the barn fell.",
    "Supercalifragilistic antidisestablishmentarianism frightened Zbigniew.",
    "In England, the café cost £3.50 - naïve!",
    "日本 and \U0001f469‍\U0001f467 sat down.",
    "YES. NO! \"Maybe,\" said McX.",
    "Alone",
]
seen = set(sentences)
while len(sentences) < 500:
    begun = torch.full((64, 1), END)
    drawn = model.generate(
        begun, attention_mask=torch.ones_like(begun), do_sample=True, temperature=1.0, top_k=0, max_new_tokens=60,
        pad_token_id=END,
    )
    for row in drawn.tolist():
        text = tokenizer.decode(row[1:], skip_special_tokens=True).replace("\n", " ")
        for part in text.split(". ")[:-1]:
            sentence = " ".join(part.split()) + "."
            plain = "\t" not in sentence and "�" not in sentence and 2 <= len(sentence.split()) <= 25
            if plain and sentence not in seen and len(sentences) < 500:
                seen.add(sentence)
                sentences.append(sentence)


def minicons_words(begins=None):
    it = scorer.IncrementalLMScorer(model, "cpu", tokenizer=tokenizer)
    if begins is not None:
        it.bow_subwords = {token: token in begins for token in range(len(tokenizer))}
        it.bow_subword_idx = sorted(begins)
    out = []
    for sentence in sentences:
        (words,) = it.word_score_tokenized(
            [sentence], tokenize_function=str.split, bow_correction=True, bos_token=True, surprisal=True, base_two=True
        )
        out.append(words)
    return out


def begins_a_word(token):
    text = tokenizer.convert_tokens_to_string([tokenizer.convert_ids_to_tokens(token)])
    return token == END or text[:1].isspace()


class Demo(bow_lm.GPT2BaseModel):
    def _initialise_model(self):
        return model, tokenizer


def others_words():
    it = Demo()
    out = []
    for sentence in sentences:
        results, _ = it.get_predictions(sentence)
        words = []
        for at, token in enumerate(results["subword"][: len(results["surprisal"])]):
            begins = token[0] == "Ġ"
            if begins or not words:
                words.append(0.0)
            words[-1] += results["surprisal"][at] - (results["bow_fix"][at] if begins else 0.0)
            following = results["subword"][at + 1 : at + 2]
            if at + 1 == len(results["surprisal"]) or following[0][0] == "Ġ":
                words[-1] += results["eow_fix"][at]
        out.append([None] + [it / LN2 for it in words[1:]])
    return out


def row_of(text):
    ids = torch.tensor([[END] + tokenizer(text).input_ids])
    with torch.no_grad():
        logits = model(ids).logits[0, :-1].double()
    return ids[0, 1:], logits


def statistics(text):
    ids, logits = row_of(text)
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    own = log_p.gather(1, ids[:, None])[:, 0]
    mean = (p * log_p).sum(-1)
    variance = (p * log_p.square()).sum(-1) - mean.square()
    luck = (own - mean).sum() / variance.sum().sqrt()
    lowest = ((own - mean) / variance.sqrt()).sort().values
    lowest = lowest[: max(1, int(len(lowest) * 0.2))].mean()
    # Of equals the smaller token comes first.
    above = (log_p > own[:, None]) | ((log_p == own[:, None]) & (torch.arange(log_p.shape[1]) < ids[:, None]))
    ranks = (above.sum(-1) + 1).double().log()
    lower_ids, lower = row_of(text.lower())
    lower = -lower.log_softmax(-1).gather(1, lower_ids[:, None]).sum() / LN2
    lrr = -own.sum() / ranks.sum() if ranks.sum() > 0 else math.nan
    figures = [luck, lowest, ranks.mean(), lrr, -own.sum() / LN2, lower]
    return [f"{float(it):.6f}" for it in figures] + [str(len(zlib.compress(text.encode())))]


own_set = {token for token in range(len(tokenizer)) if begins_a_word(token)}
tables = [minicons_words(), minicons_words(own_set), others_words()]
lines, kept = [], 0
for number, sentence in enumerate(sentences, 1):
    as_is, with_ours, other = (table[number - 1] for table in tables)
    assert [word for word, _ in as_is] == sentence.split() and len(as_is) == len(other), sentence
    for (word, a), (_, b), c in zip(as_is, with_ours, other):
        shown = "NA" if c is None else f"{c:.4f}"
        lines.append(f"{number}\t{word}\t{a:.4f}\t{b:.4f}\t{shown}")
(HERE / "words.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
lines = [f"{sentence}\t" + "\t".join(statistics(sentence)) for sentence in sentences]
(HERE / "statistics.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
