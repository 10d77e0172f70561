"""Makes `llama_cpp.json`: what llama.cpp's samplers leave of the rows of scores in `hugging_face.json`.

    python3 make_llama.py MODEL.gguf        (llama-cpp-python; any GPT-2 in GGUF, for the texts of its tokens)
"""

import ctypes
import json
import math
import pathlib
import sys

import llama_cpp as l

HERE = pathlib.Path(__file__).parent
given = json.loads((HERE / "hugging_face.json").read_text())
history, rows = given["history"], given["rows"]
l.llama_backend_init()
parameters = l.llama_model_default_params()
parameters.vocab_only = True
model = l.llama_model_load_from_file(sys.argv[1].encode(), parameters)
vocabulary = l.llama_model_get_vocab(model)


def dry(multiplier, base, allowed, breakers):
    texts = (ctypes.c_char_p * len(breakers))(*[it.encode() for it in breakers])
    return l.llama_sampler_init_dry(vocabulary, multiplier, base, allowed, len(history), texts, len(breakers))


penalties = lambda repeat, frequency, presence: l.llama_sampler_init_penalties(64, 64, repeat, frequency, presence)
breakers = ["\n", ":", "\"", "*"]

# Settings by the names of the transcripts, and the samplers in llama.cpp's order.
cases = [
    ({"temperature": 0.7}, [lambda: l.llama_sampler_init_temp(0.7)]),
    ({"top_k": 5}, [lambda: l.llama_sampler_init_top_k(5)]),
    ({"top_p": 0.8}, [lambda: l.llama_sampler_init_top_p(0.8, 1)]),
    ({"min_p": 0.05}, [lambda: l.llama_sampler_init_min_p(0.05, 1)]),
    ({"typical_p": 0.6}, [lambda: l.llama_sampler_init_typical(0.6, 1)]),
    ({"top_n_sigma": 1.0}, [lambda: l.llama_sampler_init_top_n_sigma(1.0)]),
    ({"xtc_probability": 1.0, "xtc_threshold": 0.05}, [lambda: l.llama_sampler_init_xtc(1.0, 0.05, 1, 1)]),
    ({"temperature": 0.8, "dynatemp_range": 0.5, "dynatemp_exponent": 1.5},
     [lambda: l.llama_sampler_init_temp_ext(0.8, 0.5, 1.5)]),
    ({"mirostat_tau": 1.5}, [lambda: l.llama_sampler_init_mirostat_v2(1, 1.5, 0.1)]),
    ({"repeat_penalty": 1.3, "repeat_last_n": 64}, [lambda: penalties(1.3, 0.0, 0.0)]),
    ({"frequency_penalty": 0.3, "presence_penalty": 0.2, "repeat_last_n": 64}, [lambda: penalties(1.0, 0.3, 0.2)]),
    ({"dry_multiplier": 0.8}, [lambda: dry(0.8, 1.75, 2, breakers)]),
    ({"dry_multiplier": 1.2, "dry_base": 2.0, "dry_allowed_length": 1}, [lambda: dry(1.2, 2.0, 1, breakers)]),
    # top-n-sigma leaves minus infinities behind, of which typical then takes the logarithm: after both, llama.cpp's order
    # is that of NaNs. So no case has both.
    (
        {"repeat_penalty": 1.1, "repeat_last_n": 64, "dry_multiplier": 0.8, "top_k": 40, "typical_p": 0.95,
         "top_p": 0.9, "min_p": 0.02, "xtc_probability": 1.0, "xtc_threshold": 0.2, "temperature": 1.3},
        [lambda: penalties(1.1, 0.0, 0.0), lambda: dry(0.8, 1.75, 2, breakers),
         lambda: l.llama_sampler_init_top_k(40), lambda: l.llama_sampler_init_typical(0.95, 1),
         lambda: l.llama_sampler_init_top_p(0.9, 1), lambda: l.llama_sampler_init_min_p(0.02, 1),
         lambda: l.llama_sampler_init_xtc(1.0, 0.2, 1, 1), lambda: l.llama_sampler_init_temp(1.3)],
    ),
    (
        {"top_n_sigma": 1.5, "top_k": 30, "top_p": 0.8, "min_p": 0.1, "temperature": 0.6},
        [lambda: l.llama_sampler_init_top_n_sigma(1.5), lambda: l.llama_sampler_init_top_k(30),
         lambda: l.llama_sampler_init_top_p(0.8, 1), lambda: l.llama_sampler_init_min_p(0.1, 1),
         lambda: l.llama_sampler_init_temp(0.6)],
    ),
]

out = []
for settings, samplers in cases:
    for index, row in enumerate(rows):
        data = (l.llama_token_data * len(row))(*[l.llama_token_data(id, logit, 0.0) for id, logit in enumerate(row)])
        scores = l.llama_token_data_array(data, len(row), -1, False)
        for make in samplers:
            sampler = make()
            for token in history:
                # Before anything was drawn, mirostat has seen nothing.
                if "mirostat_tau" not in settings:
                    l.llama_sampler_accept(sampler, token)
            l.llama_sampler_apply(sampler, ctypes.byref(scores))
            l.llama_sampler_free(sampler)
        left = {scores.data[i].id: scores.data[i].logit for i in range(scores.size)}
        left = {id: logit for id, logit in left.items() if not math.isinf(logit)}
        largest = max(left.values())
        total = sum(math.exp(it - largest) for it in left.values())
        left = {id: round(math.exp(it - largest) / total, 9) for id, it in sorted(left.items())}
        out.append({"settings": settings, "row": index, "left": left})

(HERE / "llama_cpp.json").write_text(json.dumps({"history": history, "rows": rows, "cases": out}) + "\n")
