"""The registry of models, selected by name.

openai:NAME            a hosted model; the key is in OPENAI_API_KEY, an address other than OpenAI's in OPENAI_BASE_URL
http://HOST/v1#NAME    a model behind any OpenAI-compatible endpoint; its key, if needed, is in TOOLWORLD_MODEL_KEY
                       (sent to one host only; each further host needs its own TOOLWORLD_MODEL_KEY_<HOST>)
local                  the small model that runs in this process, without key or download
scripted:FILE          answers from a file, for tests
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

import anyio

from toolworld.ground import ModelError, os_reason, read_bytes
from toolworld.llm.model import Model, Role
from toolworld.llm.retry_policy import RetryPolicy
from toolworld.llm.scripted_model import load_script
from toolworld.llm.spending.budget import Budget
from toolworld.llm.spending.cache import CompletionCache, CompletionStore, open_cache
from toolworld.llm.spending.ledger import Ledger
from toolworld.llm.spending.metered import MeteredModel
from toolworld.llm.spending.prices import Price, PriceList

if TYPE_CHECKING:
    from toolworld.llm.providers.connection import Endpoint
    from toolworld.llm.providers.log_probabilities import TextScorer

SMALL_MODEL_NOTICE = (
    "local is SmolLM2-135M, a small model: it exercises every path, and the quality of its answers is poor"
)
OPENAI_URL = "https://api.openai.com/v1"
PROBE_SECONDS = 5.0
"""How long an endpoint has to accept a connection before the first request."""
NAME_FORMS = "openai:NAME, http://HOST/v1#NAME, local or scripted:FILE"


@dataclass(slots=True)
class Models:
    """The models of a run. Each is opened once, and all share one ledger, one cache and one budget."""

    environ: Mapping[str, str]
    retry_policy: RetryPolicy
    prices: PriceList
    ledger: Ledger
    budget: Budget | None
    cache: CompletionCache | None
    _exit_stack: AsyncExitStack
    _models: dict[str, Model] = field(default_factory=dict[str, Model])
    _identities: dict[str, str] = field(default_factory=dict[str, str])
    """Cache identities by name, where the name alone does not determine the answers."""
    _default_key_host: str = ""
    """The host to which TOOLWORLD_MODEL_KEY has been assigned; empty if none yet."""
    _endpoints: "dict[str, Endpoint]" = field(default_factory=dict[str, "Endpoint"])
    """Connections by URL: models of one endpoint share its limit of simultaneous requests."""

    async def get(self, name: str, role: Role) -> Model:
        """Return the model of a name, metered for a role; it is opened on first use.

        Raises:
            ModelError: there is no such model, its key is missing, or the budget is in dollars and its price unknown.
        """
        if name not in self._models:
            self._models[name] = await self._open_model(name, role)
        return self.metered(self._models[name], role, self._identities.get(name, name))

    def metered(self, model: Model, role: Role, identity: str = "") -> Model:
        """Wrap a model so that it uses the ledger, the cache and the budget of the run.

        Args:
            identity: The identity of the model in cache keys; by default its name.

        Raises:
            ModelError: the budget is in dollars, and the model's price is not known.
        """
        price = self._price(model.name)
        return MeteredModel(model, identity or model.name, role, self.ledger, price, self.cache, self.budget)

    def _price(self, name: str) -> Price | None:
        """The price of a model; it must be known where the budget is in dollars."""
        # Checked before the first request: a budget that cannot be counted would never be exhausted.
        price = self.prices.price(name)
        if price is None and self.budget and self.budget.unit == "usd":
            raise ModelError(
                f"the price of {name} is not known, so a budget in dollars cannot be kept; "
                "give it with --prices, or the budget in tokens or completions"
            )
        return price

    async def text_scorer(self, name: str, role: Role) -> "TextScorer":
        """A model behind an endpoint that tells how likely texts are, metered for a role.

        Raises:
            ModelError: it is behind no endpoint, or its key is missing.
        """
        url, _, model = name.partition("#")
        if not url.startswith(("http://", "https://")) or not model:
            raise ModelError(f"{name}: log-probabilities come from an endpoint; write it as http://HOST/v1#NAME")
        from toolworld.llm.providers.log_probabilities import TextScorer  # loads `aiohttp`

        parts = _refuse_secrets(url, "a model's address", "TOOLWORLD_MODEL_KEY")
        endpoint = await self._connect(url, self._key_for(parts.hostname or ""))
        return TextScorer(name, endpoint, model, role, self.ledger, self._price(name), self.budget)

    async def _open_model(self, name: str, role: Role) -> Model:
        kind, _, rest = name.partition(":")
        if name == "local":
            from toolworld.llm.providers.local_model import open_local_model

            return await self._exit_stack.enter_async_context(open_local_model(self.retry_policy))
        if kind == "scripted" and rest:
            # The file may change between runs, so cached answers belong to its content.
            self._identities[name] = f"{name} {hashlib.sha256(read_bytes(Path(rest), ModelError)).hexdigest()}"
            return load_script(Path(rest))
        from toolworld.llm.providers.endpoint import (
            EndpointModel,  # importing `aiohttp` takes a while, and most verbs need no endpoint
        )

        if kind == "openai" and rest:
            place = endpoint_of(name, self.environ)
            # Another address may serve another model under the same name.
            self._identities[name] = f"{name} {place.url}"
            endpoint = await self._connect(place.url, place.key)
            return EndpointModel(name, endpoint, rest, "strict", structure="strict")
        if kind in ("http", "https"):
            url, _, model = name.partition("#")
            parts = _refuse_secrets(url, "a model's address", "TOOLWORLD_MODEL_KEY")
            if parts.hostname and model:
                return EndpointModel(name, await self._connect(url, self._key_for(parts.hostname)), model)
        # Without the query, which may hold a key.
        raise ModelError(f"{name.split('?')[0]!r} names no model for the {role}; write it as {NAME_FORMS}")

    def _key_for(self, host: str) -> str | None:
        """The key for a host, or None. TOOLWORLD_MODEL_KEY goes to one host only, so that no other learns it."""
        variable = _key_variable(host)
        if variable in self.environ or "TOOLWORLD_MODEL_KEY" not in self.environ:
            return self.environ.get(variable)
        if self._default_key_host not in ("", host):
            raise ModelError(
                f"the key in TOOLWORLD_MODEL_KEY goes to {self._default_key_host}; "
                f"give {host} one of its own in {variable} (it may be empty)"
            )
        self._default_key_host = host
        return self.environ["TOOLWORLD_MODEL_KEY"]

    async def probe(self) -> None:
        """Find out whether somebody listens at every endpoint that is connected; no request is sent.

        A dead endpoint is noticed here at once, and not after the retries of a first request.

        Raises:
            ModelError: nobody listens at one of them.
        """
        for url in self._endpoints:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            try:
                with anyio.fail_after(PROBE_SECONDS):
                    stream = await anyio.connect_tcp(parts.hostname or "", port)
                await stream.aclose()
            except TimeoutError:
                raise ModelError(f"nobody listens at {url}: no connection in {PROBE_SECONDS:g} seconds") from None
            except OSError as problem:
                reason = os_reason(problem.__cause__ if isinstance(problem.__cause__, OSError) else problem)
                raise ModelError(f"nobody listens at {url}: {reason}") from None

    async def _connect(self, url: str, key: str | None) -> "Endpoint":
        from toolworld.llm.providers.connection import connect

        if url not in self._endpoints:
            self._endpoints[url] = await self._exit_stack.enter_async_context(connect(url, key, self.retry_policy))
        return self._endpoints[url]


class EndpointPlace(NamedTuple):
    """Where a model is: the address, the key for it, and its name there."""

    url: str
    key: str | None
    model: str


def endpoint_of(name: str, environ: Mapping[str, str]) -> EndpointPlace:
    """Where a model is that is named `openai:NAME` or `http://HOST/v1#NAME`, for one that is used alone.

    Raises:
        ModelError: the name is of another form, holds a key, or its key is missing.
    """
    if name.startswith("openai:"):
        key = environ.get("OPENAI_API_KEY")
        if not key:
            raise ModelError(f"{name} needs a key in the environment variable OPENAI_API_KEY")
        url = environ.get("OPENAI_BASE_URL") or OPENAI_URL
        _refuse_secrets(url, "OPENAI_BASE_URL", "OPENAI_API_KEY")
        return EndpointPlace(url, key, name.removeprefix("openai:"))
    url, _, model = name.partition("#")
    parts = _refuse_secrets(url, "a model's address", "TOOLWORLD_MODEL_KEY")
    if not parts.hostname or not model:
        raise ModelError(f"{name.split('?')[0]!r} names no model; write it as http://HOST/v1#NAME")
    return EndpointPlace(url, environ.get(EMBEDDER_KEY), model)


EMBEDDER_KEY = "TOOLWORLD_EMBEDDER_KEY"
"""The variable of the key for an endpoint of embeddings: a command has one, so the key goes to one host only."""


def _key_variable(host: str) -> str:
    return "TOOLWORLD_MODEL_KEY_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def _refuse_secrets(url: str, what: str, variable: str) -> SplitResult:
    """Split an address, and reject one that contains a key: addresses are written to files and messages."""
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise ModelError(f"{what} is none: {problem}") from None
    if parts.username or parts.password or parts.query:
        raise ModelError(f"{what} holds no key: put it in the environment variable {variable}")
    return parts


@asynccontextmanager
async def open_models(
    environ: Mapping[str, str],
    stage: str = "run",
    cache: Path | CompletionStore | None = None,
    budget: Budget | None = None,
    prices: PriceList | None = None,
    retry_policy: RetryPolicy | None = None,
) -> AsyncGenerator[Models]:
    """Open the models of a run.

    Args:
        environ: The environment variables, for keys and addresses.
        stage: The command that is running, for the ledger.
        cache: The file or the store that keeps completions; if None, they are not cached.

    Raises:
        ModelError: the cache cannot be opened.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_cache(cache)) if cache else None
        yield Models(environ, retry_policy or RetryPolicy(), prices or PriceList(), Ledger(stage), budget, store, stack)
