"""How likely a text is to a model: the logarithms of its tokens' probabilities, from an endpoint that tells them."""

from dataclasses import dataclass
from typing import Annotated

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolworld.ground import ModelError, describe_error, encode
from toolworld.llm.model import Role
from toolworld.llm.providers.connection import Endpoint, RefusedRequestError
from toolworld.llm.providers.received import UnusableAnswerError, read_refusal
from toolworld.llm.spending.budget import Budget
from toolworld.llm.spending.ledger import Ledger
from toolworld.llm.spending.prices import Price
from toolworld.llm.usage import Usage

_QUOTED = 300


class _Tokens(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    tokens: tuple[str, ...]
    token_logprobs: tuple[float | None, ...]


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    logprobs: _Tokens


class _Used(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    prompt_tokens: int = 0
    completion_tokens: int = 1


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    usage: _Used | None = None
    choices: Annotated[tuple[_Choice, ...], Field(min_length=1)]


@dataclass(frozen=True)
class TextScorer:
    """A model that tells how likely texts are, by the completions API with `echo` and `logprobs`, as vLLM has it."""

    name: str
    endpoint: Endpoint
    model: str
    role: Role
    ledger: Ledger
    price: Price | None = None
    budget: Budget | None = None

    async def log_probabilities(self, before: str, text: str) -> tuple[float, ...]:
        """The logarithms of the probabilities of a text's tokens, given what stands before it.

        Tokens are counted from the end of the text, so that what an endpoint puts before the prompt does not matter; a
        token that begins before the text does not count.

        Raises:
            ModelError: the endpoint does not answer, or does not tell.
            BudgetError: the budget does not allow it.
        """
        whole = before + text
        if self.budget is None:
            answer = await self._ask(whole)
            paid = self._paid(answer)
        else:
            # As for completions, the worst case is booked until the usage is known: every byte of the prompt a token.
            worst = self._priced(Usage(completions=1, prompt_tokens=len(whole.encode()), completion_tokens=1))
            async with self.budget.reserve(worst) as used:
                used.append(worst)
                answer = await self._ask(whole)
                paid = self._paid(answer)
                used[:] = [paid]
        self.ledger.note(self.name, self.role, paid=paid, priced=self.price is not None)
        return _of_text(answer, text)

    def _paid(self, answer: _Answer) -> Usage:
        told = answer.usage or _Used()
        return self._priced(
            Usage(completions=1, prompt_tokens=told.prompt_tokens, completion_tokens=told.completion_tokens)
        )

    def _priced(self, usage: Usage) -> Usage:
        return usage if self.price is None else usage.model_copy(update={"cost_usd": self.price.of(usage)})

    async def _ask(self, whole: str) -> _Answer:
        body = encode(
            {"model": self.model, "prompt": whole, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
        )
        where = f"{self.name} at {self.endpoint.where}"
        try:
            return await self.endpoint.ask("completions", body, _read)
        except RefusedRequestError as problem:
            said = self.endpoint.without_key(read_refusal(problem.body).message)[:_QUOTED]
            raise ModelError(f"{where} tells no log-probabilities: status {problem.status}: {said}") from None
        except (UnusableAnswerError, aiohttp.ClientError, OSError) as problem:
            reason = self.endpoint.without_key(str(problem) or type(problem).__name__)[:_QUOTED]
            raise ModelError(f"{where} tells no log-probabilities: {reason}") from None


def _of_text(answer: _Answer, text: str) -> tuple[float, ...]:
    told = answer.choices[0].logprobs
    said = answer.usage.completion_tokens if answer.usage else 1
    pairs = [*zip(told.tokens, told.token_logprobs, strict=True)][: len(told.tokens) - said]
    found: list[float] = []
    left = len(text)
    for token, value in reversed(pairs):
        left -= len(token)
        if left < 0 or value is None:
            break
        found.append(value)
    return tuple(reversed(found))


def _read(body: bytes) -> _Answer:
    try:
        answer = _Answer.model_validate_json(body)
        told = answer.choices[0].logprobs
        if len(told.tokens) != len(told.token_logprobs):
            raise UnusableAnswerError("not as many `tokens` as `token_logprobs`", may_recover=False)
        return answer
    except ValidationError as problem:
        reason = f"no completion with `logprobs`: {describe_error(problem)}"
        raise UnusableAnswerError(reason, may_recover=False) from None
