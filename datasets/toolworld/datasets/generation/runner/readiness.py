"""Whether a run can begin: its prompts, its model, what it may cost, and where it writes."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from toolworld.datasets.generation.runner.agora import Agora
from toolworld.datasets.generation.runner.config import AgoraConfig
from toolworld.datasets.generation.runner.model_forms import opened_model
from toolworld.datasets.generation.runner.output import OutputPaths
from toolworld.datasets.generation.runner.preview import Previewed, preview
from toolworld.datasets.generation.tokens import estimated_tokens
from toolworld.ground import ToolworldError, UsageError
from toolworld.llm import Message, Request, Usage

_PROMPTS = 20
_BYTES_OF_A_ROW = 4
"""How many times its length a row takes: in the rows, in the log of replies, and among what is rejected."""


class Readiness(NamedTuple):
    """What was looked at."""

    what: str
    is_ready: bool
    said: str


async def readiness(agora: Agora, wanted: int, output: Path, environ: Mapping[str, str]) -> list[Readiness]:
    """Look at everything that a run needs; the model is asked for one word.

    Args:
        agora: The run.
        wanted: How many instances.
        output: The file of the rows.
        environ: The environment variables, for keys.
    """
    found: list[Readiness] = []
    prompts: list[Previewed] = []
    try:
        prompts = await preview(agora, min(_PROMPTS, wanted), environ, ask=False)
        tokens = fmean(one.prompt_tokens for one in prompts) if prompts else 0
        found.append(Readiness("prompts", bool(prompts), f"about {tokens:,.0f} tokens each"))
    except ToolworldError as problem:
        found.append(Readiness("prompts", False, str(problem)))
    rows = agora.parts.source.rows
    if rows is not None:
        found.append(Readiness("rows", rows >= wanted, f"{rows:,} are given, and {wanted:,} are asked for"))
    response_tokens = _response_tokens(agora)
    try:
        found += await _of_model(agora, environ, wanted, prompts, response_tokens)
    except ToolworldError as problem:
        found.append(Readiness("model", False, str(problem)))
    found.append(_of_disk(output, wanted, response_tokens))
    return found


async def _of_model(
    agora: Agora, environ: Mapping[str, str], wanted: int, prompts: list[Previewed], response_tokens: float
) -> list[Readiness]:
    config = agora.config or AgoraConfig()
    async with opened_model(agora.llm, config, environ, 1) as (model, models):
        await models.probe()
        await model.complete(Request((Message(role="user", content="Say: ready"),), max_tokens=16))
        price = models.prices.price(model.name)
        answers = Readiness("model", True, f"{model.name} answers")
        if price is None:
            return [answers, Readiness("cost", True, "the price is not known; --prices gives it")]
        each = fmean(one.prompt_tokens for one in prompts) if prompts else 0.0
        usage = Usage(prompt_tokens=round(wanted * each), completion_tokens=round(wanted * response_tokens))
        return [answers, Readiness("cost", True, f"about ${price.of(usage):.2f}, if every reply is accepted")]


def _response_tokens(agora: Agora) -> float:
    """How long a reply may be: as long as the seeds are."""
    texts = [f"{one.get('instruction', '')}{one.get('response', '')}" for one in _rows(agora)][:200]
    return fmean(estimated_tokens(text) for text in texts) if texts else 500.0


def _rows(agora: Agora) -> list[Mapping[str, object]]:
    return getattr(agora.prompt_loader, "seed_data", None) or []


def _of_disk(output: Path, wanted: int, response_tokens: float) -> Readiness:
    try:
        place = OutputPaths(output).rows.absolute()
    except UsageError as problem:
        return Readiness("output", False, str(problem))
    folder = next(one for one in place.parents if one.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Readiness("output", False, f"{folder} cannot be written to")
    free, needed = shutil.disk_usage(folder).free, int(wanted * response_tokens * 3 * _BYTES_OF_A_ROW)
    said = f"about {needed / 1e6:,.1f} MB, and {free / 1e9:,.1f} GB are free"
    return Readiness("output", free > needed, f"{said}; {place.name} is there" if place.exists() else said)
