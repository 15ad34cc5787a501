"""A model in a part: its answers kept, its costs counted, and nothing sent that the budget does not allow."""

from dataclasses import dataclass, field

from toolworld.ground import KeyedLock, ModelError, encode, mark_failed, span
from toolworld.llm.model import Completion, Model, Request, Role
from toolworld.llm.spending.budget import Budget
from toolworld.llm.spending.cache import CompletionCache
from toolworld.llm.spending.ledger import Ledger
from toolworld.llm.spending.prices import Price
from toolworld.llm.usage import Usage


@dataclass(slots=True)
class MeteredModel:
    """Answers as another model does."""

    inner: Model
    identity: str
    """What its answers are kept by: a name alone may mean another model tomorrow."""
    role: Role
    ledger: Ledger
    price: Price | None
    cache: CompletionCache | None = None
    budget: Budget | None = None
    _locks: KeyedLock = field(default_factory=KeyedLock)

    @property
    def name(self) -> str:
        """What a person calls the model by."""
        return self.inner.name

    @property
    def is_small(self) -> bool:
        """Whether it is there to exercise every path only."""
        return self.inner.is_small

    async def complete(self, request: Request) -> Completion:
        """Answer from the cache, or ask the model and keep what it said.

        Raises:
            ModelError: the model does not answer.
            BudgetError: there is not enough left for the worst case; nothing was sent.
        """
        key = request.key(self.identity)
        async with self._locks.hold(key):
            known = await self.cache.get(key) if self.cache else None
            if known is None:
                return await self._pay(key, request)
            self.ledger.note(self.name, self.role, saved=known.usage, priced=self.price is not None)
            return known

    async def _pay(self, key: str, request: Request) -> Completion:
        with span(
            f"chat {self.name}",
            gen_ai__operation__name="chat",
            gen_ai__request__model=self.name,
            toolworld__role=self.role,
        ) as opened:
            try:
                if self.budget is None:
                    completion = await self._asked(request)
                else:
                    completion = await self._asked_within(self.budget, request)
            except ModelError:
                mark_failed(opened, "model_error")
                raise
            opened.set_attribute("gen_ai.usage.input_tokens", completion.usage.prompt_tokens)
            opened.set_attribute("gen_ai.usage.output_tokens", completion.usage.completion_tokens)
        self.ledger.note(self.name, self.role, paid=completion.usage, priced=self.price is not None)
        if self.cache:
            self.cache.put(key, completion)
        return completion

    async def _asked_within(self, budget: Budget, request: Request) -> Completion:
        """Ask, and book the worst case where an answer was lost that may have been billed."""
        worst = self._priced(_worst(request))
        async with budget.reserve(worst) as used:
            used.append(worst)  # until it is known better: what was cancelled or broke on its way may be billed
            try:
                completion = await self._asked(request)
            except ModelError as problem:
                if problem.unbilled:
                    used.clear()
                raise
            used[:] = [completion.usage]
            return completion

    async def _asked(self, request: Request) -> Completion:
        completion = await self.inner.complete(request)
        return completion.model_copy(update={"usage": self._priced(completion.usage)})

    def _priced(self, usage: Usage) -> Usage:
        return usage if self.price is None else usage.model_copy(update={"cost_usd": self.price.of(usage)})


def _worst(request: Request) -> Usage:
    """Give what a request can cost at most: no token is shorter than a byte."""
    told = sum(len(encode(message.wire())) for message in request.messages)
    told += sum(len(tool.json_bytes()) for tool in request.tools)
    told += request.response_format.size if request.response_format else 0
    return Usage(completions=1, prompt_tokens=told, completion_tokens=request.max_tokens)
