"""Models by what a person writes: one string everywhere.

openai:NAME            hosted; the key is in OPENAI_API_KEY, another address in OPENAI_BASE_URL
http://HOST/v1#NAME    any OpenAI-compatible endpoint; a key, if it wants one, is in TOOLWORLD_MODEL_KEY
                       (one host only; with several, each has a TOOLWORLD_MODEL_KEY_ with its name)
local                  the small model that runs in this process, with no key and no download
scripted:FILE          answers from a file, for tests
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from toolworld.ground import ModelError, read_bytes
from toolworld.llm.model import Model, Role
from toolworld.llm.retry_policy import RetryPolicy
from toolworld.llm.scripted_model import load_script
from toolworld.llm.spending.budget import Budget
from toolworld.llm.spending.cache import CompletionCache, open_cache
from toolworld.llm.spending.ledger import Ledger
from toolworld.llm.spending.metered import MeteredModel
from toolworld.llm.spending.prices import PriceList

if TYPE_CHECKING:
    from toolworld.llm.providers.endpoint import Endpoint

SMALL_MODEL_NOTICE = (
    "local is SmolLM2-135M, a small model: it exercises every path, and the quality of its answers is poor"
)
OPENAI = "https://api.openai.com/v1"
NAME_FORMS = "openai:NAME, http://HOST/v1#NAME, local or scripted:FILE"


@dataclass(slots=True)
class Models:
    """The models of a run: each opened once, all of them on one ledger, one cache and one budget."""

    environ: Mapping[str, str]
    retry_policy: RetryPolicy
    prices: PriceList
    ledger: Ledger
    budget: Budget | None
    cache: CompletionCache | None
    _open: AsyncExitStack
    _models: dict[str, Model] = field(default_factory=dict[str, Model])
    _identities: dict[str, str] = field(default_factory=dict[str, str])
    _keyed: str = ""
    """The host that the key for any host has gone to."""
    _endpoints: "dict[str, Endpoint]" = field(default_factory=dict[str, "Endpoint"])

    async def get(self, name: str, role: Role) -> Model:
        """Give a model to play a part.

        Raises:
            ModelError: there is no such model, its key is missing, or it has no price and the budget is in dollars.
        """
        if name not in self._models:
            self._models[name] = await self._find(name, role)
        return self.metered(self._models[name], role, self._identities.get(name, name))

    def metered(self, model: Model, role: Role, identity: str = "") -> Model:
        """Put a model on the ledger, the cache and the budget of the run.

        Args:
            identity: What its answers are kept by; by default its name.

        Raises:
            ModelError: the budget is in dollars, and the model's price is not known.
        """
        price = self.prices.price(model.name)
        if price is None and self.budget and self.budget.unit == "usd":
            raise ModelError(
                f"the price of {model.name} is not known, so a budget in dollars cannot be kept; "
                "give it with --prices, or the budget in tokens or completions"
            )
        return MeteredModel(model, identity or model.name, role, self.ledger, price, self.cache, self.budget)

    async def _find(self, name: str, role: Role) -> Model:
        kind, _, rest = name.partition(":")
        if name == "local":
            from toolworld.llm.providers.local_model import open_local_model

            return await self._open.enter_async_context(open_local_model(self.retry_policy))
        if kind == "scripted" and rest:
            self._identities[name] = f"{name} {hashlib.sha256(read_bytes(Path(rest), ModelError)).hexdigest()}"
            return load_script(Path(rest))
        from toolworld.llm.providers.endpoint import (
            EndpointModel,  # the `openai` package takes most of a second to import
        )

        if kind == "openai" and rest:
            key = self.environ.get("OPENAI_API_KEY")
            if not key:
                raise ModelError(f"{name} needs a key in the environment variable OPENAI_API_KEY")
            url = self.environ.get("OPENAI_BASE_URL") or OPENAI
            _refuse_secrets(url, "OPENAI_BASE_URL", "OPENAI_API_KEY")
            self._identities[name] = f"{name} {url}"
            endpoint = await self._connect(url, key)
            return EndpointModel(name, endpoint, rest, "strict", structure="strict")
        if kind in ("http", "https"):
            url, _, model = name.partition("#")
            parts = _refuse_secrets(url, "a model's address", "TOOLWORLD_MODEL_KEY")
            if parts.hostname and model:
                return EndpointModel(name, await self._connect(url, self._key_for(parts.hostname)), model)
        raise ModelError(f"{name.split('?')[0]!r} names no model for the {role}; write it as {NAME_FORMS}")

    def _key_for(self, host: str) -> str | None:
        """Give the key of a host; the one that is for no host in particular goes to one only."""
        own = "TOOLWORLD_MODEL_KEY_" + re.sub(r"[^A-Z0-9]", "_", host.upper())
        if own in self.environ or "TOOLWORLD_MODEL_KEY" not in self.environ:
            return self.environ.get(own)
        if self._keyed not in ("", host):
            raise ModelError(
                f"the key in TOOLWORLD_MODEL_KEY goes to {self._keyed}; "
                f"give {host} one of its own in {own} (it may be empty)"
            )
        self._keyed = host
        return self.environ["TOOLWORLD_MODEL_KEY"]

    async def _connect(self, url: str, key: str | None) -> "Endpoint":
        from toolworld.llm.providers.endpoint import connect

        if url not in self._endpoints:
            self._endpoints[url] = await self._open.enter_async_context(connect(url, key, self.retry_policy))
        return self._endpoints[url]


def _refuse_secrets(url: str, what: str, variable: str) -> SplitResult:
    """Take an address apart, and refuse one with a key in it, which would stand in files and messages."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise ModelError(f"{what} holds no key: put it in the environment variable {variable}")
    return parts


@asynccontextmanager
async def open_models(
    environ: Mapping[str, str],
    stage: str = "run",
    cache: Path | None = None,
    budget: Budget | None = None,
    prices: PriceList | None = None,
    retry_policy: RetryPolicy | None = None,
) -> AsyncGenerator[Models]:
    """Open the models of a run.

    Args:
        environ: Where keys are.
        stage: The verb that runs, for the ledger.
        cache: The file that keeps completions; without one, nothing is kept.

    Raises:
        ModelError: the cache cannot be opened.
    """
    async with AsyncExitStack() as stack:
        kept = await stack.enter_async_context(open_cache(cache)) if cache else None
        yield Models(environ, retry_policy or RetryPolicy(), prices or PriceList(), Ledger(stage), budget, kept, stack)
