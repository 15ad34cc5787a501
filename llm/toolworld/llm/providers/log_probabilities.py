"""How likely a text is to a model: the logarithms of its tokens' probabilities, from an endpoint that tells them."""

from dataclasses import dataclass
from typing import Annotated

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolworld.ground import ModelError, describe_error, encode
from toolworld.llm.providers.connection import Endpoint, RefusedRequestError
from toolworld.llm.providers.received import UnusableAnswerError, read_refusal

_QUOTED = 300


class _Tokens(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    token_logprobs: tuple[float | None, ...]
    text_offset: tuple[int, ...]


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    logprobs: _Tokens


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    choices: Annotated[tuple[_Choice, ...], Field(min_length=1)]


@dataclass(frozen=True)
class TextScorer:
    """A model that tells how likely texts are, by the completions API with `echo` and `logprobs`, as vLLM has it."""

    name: str
    endpoint: Endpoint
    model: str

    async def log_probabilities(self, before: str, text: str) -> tuple[float, ...]:
        """The logarithms of the probabilities of a text's tokens, given what stands before it.

        A token that begins before the text, and what the model would say after it, do not count.

        Raises:
            ModelError: the endpoint does not answer, or does not tell.
        """
        whole = before + text
        body = encode(
            {"model": self.model, "prompt": whole, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
        )
        where = f"{self.name} at {self.endpoint.where}"
        try:
            answer = await self.endpoint.ask("completions", body, _read)
        except RefusedRequestError as problem:
            said = self.endpoint.without_key(read_refusal(problem.body).message)[:_QUOTED]
            raise ModelError(f"{where} tells no log-probabilities: status {problem.status}: {said}") from None
        except (UnusableAnswerError, aiohttp.ClientError, OSError) as problem:
            reason = self.endpoint.without_key(str(problem) or type(problem).__name__)[:_QUOTED]
            raise ModelError(f"{where} tells no log-probabilities: {reason}") from None
        tokens = answer.choices[0].logprobs
        return tuple(
            value
            for value, offset in zip(tokens.token_logprobs, tokens.text_offset, strict=False)
            if value is not None and len(before) <= offset < len(whole)
        )


def _read(body: bytes) -> _Answer:
    try:
        return _Answer.model_validate_json(body)
    except ValidationError as problem:
        reason = f"no completion with `logprobs`: {describe_error(problem)}"
        raise UnusableAnswerError(reason, may_recover=False) from None
