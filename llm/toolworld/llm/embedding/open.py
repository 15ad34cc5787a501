"""Models of embeddings by name.

minilm                 all-MiniLM-L6-v2 by ONNX, in this process, without torch
sentence-transformers  the same model by sentence-transformers
openai:NAME            a hosted model; key and address as for other models
http://HOST/v1#NAME    a model behind any OpenAI-compatible endpoint
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from toolworld.ground import ModelError
from toolworld.llm.embedding.embedder import TextEmbedder
from toolworld.llm.embedding.local import OnnxEmbedder, TransformersEmbedder
from toolworld.llm.models import endpoint_of
from toolworld.llm.providers.embeddings import has_embedder
from toolworld.llm.retry_policy import RetryPolicy

EMBEDDER_FORMS = "minilm, sentence-transformers, openai:NAME or http://HOST/v1#NAME"


def usual_embedder() -> str | None:
    """The name of the model that is there without asking anybody; None where none is installed."""
    return "minilm" if has_embedder() else None


@asynccontextmanager
async def open_embedder(
    name: str, environ: Mapping[str, str], retry_policy: RetryPolicy | None = None
) -> AsyncGenerator[TextEmbedder]:
    """Open a model of embeddings.

    Args:
        name: Its name.
        environ: The environment variables, for keys and addresses.
        retry_policy: How often, and how long, an endpoint is asked.

    Raises:
        ModelError: there is no such model, or what it needs is missing.
    """
    if name == "minilm":
        yield OnnxEmbedder()
    elif name == "sentence-transformers":
        yield TransformersEmbedder()
    elif name.startswith(("openai:", "http://", "https://")):
        from toolworld.llm.embedding.endpoint import EndpointEmbedder  # loads `aiohttp`
        from toolworld.llm.providers.connection import connect

        place = endpoint_of(name, environ)
        async with connect(place.url, place.key, retry_policy or RetryPolicy()) as endpoint:
            yield EndpointEmbedder(f"{name} {place.url}" if name.startswith("openai:") else name, endpoint, place.model)
    else:
        raise ModelError(f"{name.split('?')[0]!r} names no model of embeddings; write it as {EMBEDDER_FORMS}")
