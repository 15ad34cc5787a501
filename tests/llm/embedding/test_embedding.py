"""Texts as vectors: each embedded once and kept, endpoints that answer oddly, and one model in several forms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.model_endpoint import FakeEndpoint, Reply, endpoint

from toolworld.ground import ModelError
from toolworld.llm import RetryPolicy, embed_texts, open_embedder, open_vector_cache

TEXTS = [
    "Hello.",
    "Could you move my appointment with Dr Osei to Friday afternoon, please?",
    "",
    "Ünïcödé, and 3,400.50 in figures — with a dash",
    "word " * 600,
]


class Counting:
    """An embedder that counts what it is asked."""

    at_once = 1

    def __init__(self, name: str = "counting", breaks_after: int | None = None) -> None:
        self.name = name
        self.asked: list[str] = []
        self._breaks_after = breaks_after

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._breaks_after is not None and len(self.asked) >= self._breaks_after:
            raise ModelError("it does not answer")
        self.asked += texts
        return np.array([[len(text), text.count("a")] for text in texts], np.float32)


async def test_each_text_is_embedded_once_and_comes_back_in_its_place(tmp_path: Path) -> None:
    model = Counting()
    done: list[int] = []
    texts = ["bb", "a", "bb", "cccc", "a"]
    with open_vector_cache(tmp_path / "v.sqlite") as cache:
        rows = await embed_texts(model, texts, cache, done.append)
        assert rows.tolist() == [[2, 0], [1, 1], [2, 0], [4, 0], [1, 1]]
        assert sorted(model.asked) == ["a", "bb", "cccc"] and sum(done) == 3
        await embed_texts(model, [*texts, "new"], cache)
        assert model.asked[3:] == ["new"]
    with open_vector_cache(tmp_path / "v.sqlite") as cache:
        again = await embed_texts(model, texts, cache)
        assert again.tolist() == rows.tolist() and len(model.asked) == 4
        other = Counting("another model")
        await embed_texts(other, ["a"], cache)
        assert other.asked == ["a"]


async def test_what_was_made_before_a_model_broke_is_kept(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(200)]
    with open_vector_cache(tmp_path / "v.sqlite") as cache:
        with pytest.raises(ModelError):
            await embed_texts(Counting(breaks_after=64), texts, cache)
        model = Counting()
        await embed_texts(model, texts, cache)
        assert len(model.asked) == 200 - 64


async def test_no_texts_are_no_rows() -> None:
    assert (await embed_texts(Counting(), [])).shape[0] == 0


@pytest.mark.parametrize("content", [b"", b"this is no database, although it is long enough to be one" * 20])
def test_a_file_that_is_no_cache_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.sqlite"
    path.write_bytes(content)
    if content:
        with (
            pytest.raises(ModelError, match=r"v\.sqlite cannot be opened: file is not a database"),
            open_vector_cache(path),
        ):
            pass
    with pytest.raises(ModelError, match="cannot be opened"), open_vector_cache(tmp_path):
        pass


def rows(*vectors: Sequence[float]) -> Any:
    return {"data": [{"index": number, "embedding": list(one)} for number, one in enumerate(vectors)], "model": "m"}


def name_of(fake: FakeEndpoint) -> str:
    return f"{fake.url}#embedder"


async def test_an_endpoint_is_asked_for_a_batch_and_its_vectors_are_put_in_order() -> None:
    answer = rows([1, 0], [0, 1])
    answer["data"].reverse()
    async with endpoint([Reply(body=answer)]) as fake, open_embedder(name_of(fake), {}) as model:
        assert (await model.embed(["one", ""])).tolist() == [[1, 0], [0, 1]]
    [asked] = fake.asked
    assert asked["input"] == ["one", " "] and asked["model"] == "embedder"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(body=rows([1, 0])), "answered 1 vectors of 1 lengths for 2 texts"),
        (Reply(body=rows([1, 0], [1])), "answered 2 vectors of 2 lengths for 2 texts"),
        (Reply(body=[1, 2]), "does not answer with vectors: no list of vectors"),
        (Reply(raw=b"<html>"), "does not answer with vectors"),
        (
            Reply(status=400, body={"error": {"message": "no such model"}}),
            "refused the request: status 400: no such model",
        ),
    ],
)
async def test_an_endpoint_that_answers_oddly_is_told_in_a_sentence(reply: Reply, said: str) -> None:
    quick = RetryPolicy(seconds=2, retries=0)
    async with endpoint([reply]) as fake, open_embedder(name_of(fake), {}, quick) as model:
        with pytest.raises(ModelError, match=said):
            await model.embed(["one", "two"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("word2vec", "names no model of embeddings; write it as minilm"),
        ("openai:small", "needs a key in the environment variable OPENAI_API_KEY"),
        ("http://127.0.0.1:9/v1", "names no model; write it as http://HOST/v1#NAME"),
        ("http://me:secret@127.0.0.1:9/v1#m", "holds no key"),
    ],
)
async def test_a_name_that_is_none_is_refused(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        async with open_embedder(name, {}):
            pass


async def test_nobody_listening_is_told() -> None:
    async with open_embedder("http://127.0.0.1:9/v1#m", {}, RetryPolicy(seconds=1, retries=0)) as model:
        with pytest.raises(ModelError, match="does not answer"), anyio.fail_after(10):
            await model.embed(["one"])


TOLERANCE = 0.99
"""The least cosine of two forms of one model: eight bits a weight against thirty-two."""


@pytest.mark.local
async def test_one_model_gives_the_same_vectors_by_onnx_by_its_own_library_and_behind_an_endpoint() -> None:
    async with open_embedder("minilm", {}) as onnx, open_embedder("sentence-transformers", {}) as own:
        small, full = await onnx.embed(TEXTS), await own.embed(TEXTS)
    served = rows(*full.tolist())
    async with endpoint([Reply(body=served)]) as fake, open_embedder(name_of(fake), {}) as model:
        behind = await model.embed(TEXTS)
    for one in (small, behind):
        assert one.shape == (len(TEXTS), 384)
        assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-3)
        assert ((one * full).sum(axis=1) >= TOLERANCE).all()
