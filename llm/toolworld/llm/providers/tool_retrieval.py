"""Retrieval of the tools that fit a request: by sentence embeddings if they are installed, else by shared words.

MiniLM finds the right tool far more often than a small language model does.
"""

import re
from collections.abc import Sequence

from toolworld.llm.model import ToolDefinition
from toolworld.llm.providers.embeddings import Embedder, load_embedder


def most_fitting(query: str, tools: Sequence[ToolDefinition], most: int) -> list[ToolDefinition]:
    """The `most` tools whose names and descriptions are most similar to the query, in their original order."""
    if len(tools) <= most:
        return list(tools)
    texts = [f"{tool.name.replace('_', ' ')}: {tool.description}" for tool in tools]
    embedder = load_embedder()
    similarities = _shared_words(query, texts) if embedder is None else _cosines(embedder, query, texts)
    best = sorted(range(len(tools)), key=lambda number: -similarities[number])[:most]
    return [tools[number] for number in sorted(best)]


def can_embed() -> bool:
    """Whether MiniLM is installed, which chooses a tool better than a small language model does."""
    return load_embedder() is not None


def _cosines(embedder: Embedder, query: str, texts: Sequence[str]) -> list[float]:
    vectors = embedder.vectors([query, *texts])
    return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def _shared_words(query: str, texts: Sequence[str]) -> list[float]:
    query_words = set(re.findall(r"[a-z]{3,}", query.lower()))
    return [float(len(query_words & set(re.findall(r"[a-z]{3,}", text.lower())))) for text in texts]
