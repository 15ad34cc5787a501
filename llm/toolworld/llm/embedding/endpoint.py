"""Embeddings of an OpenAI-compatible endpoint."""

from collections.abc import Sequence
from typing import Annotated

import aiohttp
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolworld.ground import ModelError, describe_error, encode
from toolworld.llm.providers.connection import Endpoint, RefusedRequestError
from toolworld.llm.providers.received import UnusableAnswerError, read_refusal

_QUOTED = 300
"""Characters of a complaint that are quoted."""


class _Vector(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    index: Annotated[int, Field(ge=0)]
    embedding: tuple[float, ...]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    data: tuple[_Vector, ...]


class EndpointEmbedder:
    """A model of embeddings behind an endpoint.

    Args:
        name: How it was named, for messages and the cache.
        endpoint: The connection.
        model: Its name there.
    """

    at_once = 8

    def __init__(self, name: str, endpoint: Endpoint, model: str) -> None:
        self.name = name
        self._endpoint = endpoint
        self._model = model

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts, in one request; an empty text, which endpoints refuse, is sent as a space.

        Raises:
            ModelError: the endpoint refuses, does not answer, or not with a vector for each text.
        """
        body = encode({"model": self._model, "input": [text or " " for text in texts], "encoding_format": "float"})
        where = f"{self.name} at {self._endpoint.where}"
        try:
            answer = await self._endpoint.ask("embeddings", body, _read)
        except RefusedRequestError as problem:
            said = self._endpoint.without_key(read_refusal(problem.body).message)[:_QUOTED]
            raise ModelError(f"{where} refused the request: status {problem.status}: {said}") from None
        except (UnusableAnswerError, aiohttp.ClientError, OSError) as problem:
            reason = self._endpoint.without_key(str(problem) or type(problem).__name__)[:_QUOTED]
            raise ModelError(f"{where} does not answer with vectors: {reason}") from None
        places = sorted(answer.data, key=lambda one: one.index)
        lengths = {len(one.embedding) for one in places}
        if [one.index for one in places] != list(range(len(texts))) or len(lengths) != 1:
            raise ModelError(f"{where} answered {len(places)} vectors of {len(lengths)} lengths for {len(texts)} texts")
        found = np.array([one.embedding for one in places], np.float32)
        if not np.isfinite(found).all():
            raise ModelError(f"{where} answered with numbers that are not finite")
        return found


def _read(body: bytes) -> _Answer:
    try:
        return _Answer.model_validate_json(body)
    except ValidationError as problem:
        raise UnusableAnswerError(f"no list of vectors: {describe_error(problem)}", may_recover=False) from None
