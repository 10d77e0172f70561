"""Makes `hugging_face.json`: what Hugging Face's logits processors leave of some rows of scores.

    python3 make.py        (torch, transformers)
"""

import json
import math
import pathlib

import torch
from transformers import generation as g

HERE = pathlib.Path(__file__).parent
generator = torch.Generator().manual_seed(1)
rows = [(torch.randn(64, generator=generator) * spread).tolist() for spread in (0.5, 2.0, 5.0)]
history = torch.randint(0, 64, (40,), generator=generator).tolist()
history[30:34] = history[10:14]  # so that there is an n-gram to repeat
history += history[10:12]

# Settings by the names of the transcripts, and the processors in the order in which `generate` applies them.
cases = [
    ({"temperature": 0.7}, [g.TemperatureLogitsWarper(0.7)]),
    ({"top_k": 5}, [g.TopKLogitsWarper(5)]),
    ({"top_p": 0.8}, [g.TopPLogitsWarper(0.8)]),
    ({"min_p": 0.05}, [g.MinPLogitsWarper(0.05)]),
    ({"typical_p": 0.6}, [g.TypicalLogitsWarper(0.6)]),
    ({"typical_p": 0.95}, [g.TypicalLogitsWarper(0.95)]),
    ({"repeat_penalty": 1.3, "repeat_last_n": -1}, [g.RepetitionPenaltyLogitsProcessor(1.3)]),
    ({"no_repeat_ngram": 3}, [g.NoRepeatNGramLogitsProcessor(3)]),
    (
        {"repeat_penalty": 1.2, "repeat_last_n": -1, "no_repeat_ngram": 2, "temperature": 1.4, "top_k": 30,
         "top_p": 0.9, "min_p": 0.02, "typical_p": 0.9},
        [g.RepetitionPenaltyLogitsProcessor(1.2), g.NoRepeatNGramLogitsProcessor(2), g.TemperatureLogitsWarper(1.4),
         g.TopKLogitsWarper(30), g.TopPLogitsWarper(0.9), g.MinPLogitsWarper(0.02), g.TypicalLogitsWarper(0.9)],
    ),
]

out = []
for settings, processors in cases:
    for index, row in enumerate(rows):
        ids, scores = torch.tensor([history]), torch.tensor([row])
        for processor in processors:
            scores = processor(ids, scores)
        p = torch.softmax(scores.double(), -1)[0]
        left = {token: round(p[token].item(), 9) for token in range(64) if not math.isinf(scores[0, token])}
        out.append({"settings": settings, "row": index, "left": left})

(HERE / "hugging_face.json").write_text(json.dumps({"history": history, "rows": rows, "cases": out}) + "\n")
