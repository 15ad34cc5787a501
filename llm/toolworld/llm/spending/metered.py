"""A wrapper around a model for one role: it caches answers, counts costs and enforces the budget."""

from dataclasses import dataclass, field

from toolworld.ground import KeyedLock, ModelError, mark_failed, span
from toolworld.llm.model import Completion, Model, Request, Role
from toolworld.llm.spending.budget import Budget
from toolworld.llm.spending.cache import CompletionCache
from toolworld.llm.spending.ledger import Ledger
from toolworld.llm.spending.prices import Price
from toolworld.llm.usage import Usage


@dataclass(slots=True)
class MeteredModel:
    """A model that answers from the cache or by another model, within the budget, and counts costs in the ledger."""

    inner: Model
    identity: str
    """The identity of the model in cache keys; more than its name, which may denote another model in a later run."""
    role: Role
    ledger: Ledger
    price: Price | None
    cache: CompletionCache | None = None
    budget: Budget | None = None
    _locks: KeyedLock = field(default_factory=KeyedLock)

    @property
    def name(self) -> str:
        """The name of the wrapped model."""
        return self.inner.name

    @property
    def is_small(self) -> bool:
        """Whether the wrapped model is a tiny test model."""
        return self.inner.is_small

    async def complete(self, request: Request) -> Completion:
        """Answer from the cache, or request a completion and store it in the cache.

        Raises:
            ModelError: the model does not answer.
            BudgetError: too little of the budget is left for the worst case; nothing was sent.
        """
        key = request.key(self.identity)
        # One lock per request: if several tasks ask the same at once, one pays and the others find the answer cached.
        async with self._locks.hold(key):
            cached = await self.cache.get(key) if self.cache else None
            if cached is None:
                return await self._send_and_book(key, request)
            self.ledger.note(self.name, self.role, saved=cached.usage, priced=self.price is not None)
            return cached

    async def _send_and_book(self, key: str, request: Request) -> Completion:
        """Send the request to the model, note its usage in the ledger, and store the completion in the cache."""
        with span(
            f"chat {self.name}",
            gen_ai__operation__name="chat",
            gen_ai__request__model=self.name,
            toolworld__role=self.role,
        ) as opened:
            try:
                if self.budget is None:
                    completion = await self._send(request)
                else:
                    completion = await self._send_within(self.budget, request)
            except ModelError:
                mark_failed(opened, "model_error")
                raise
            opened.set_attribute("gen_ai.usage.input_tokens", completion.usage.prompt_tokens)
            opened.set_attribute("gen_ai.usage.output_tokens", completion.usage.completion_tokens)
        self.ledger.note(self.name, self.role, paid=completion.usage, priced=self.price is not None)
        if self.cache:
            await self.cache.keep(key, completion)
        return completion

    async def _send_within(self, budget: Budget, request: Request) -> Completion:
        """Send the request; if its answer is lost and may have been billed, book the worst case."""
        worst = self._priced(_worst_case(request))
        async with budget.reserve(worst) as used:
            # Booked in advance, and replaced once the actual usage is known: a request that is cancelled or loses its
            # connection may still be billed.
            used.append(worst)
            try:
                completion = await self._send(request)
            except ModelError as problem:
                if problem.unbilled:
                    used.clear()
                raise
            used[:] = [completion.usage]
            return completion

    async def _send(self, request: Request) -> Completion:
        completion = await self.inner.complete(request)
        return completion.model_copy(update={"usage": self._priced(completion.usage)})

    def _priced(self, usage: Usage) -> Usage:
        return usage if self.price is None else usage.model_copy(update={"cost_usd": self.price.of(usage)})


def _worst_case(request: Request) -> Usage:
    """The most that a request can use: every byte of the prompt a token (no token is shorter), and a full answer."""
    # Measured in the encoding of the API: its field names leave room for the tokens that a chat template adds.
    prompt_bytes = sum(len(message.encoded_wire) for message in request.messages)
    prompt_bytes += sum(len(tool.encoded_wire) for tool in request.tools)
    prompt_bytes += request.response_format.size if request.response_format else 0
    return Usage(completions=1, prompt_tokens=prompt_bytes, completion_tokens=request.max_tokens)
