"""Looking at candidates before a run: whole prompts, and what becomes of the replies to them."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from toolworld.datasets.generation.parts import Draw, Instance, PromptResult, Reject
from toolworld.datasets.generation.runner.agora import Agora, identity_of
from toolworld.datasets.generation.runner.candidate import CandidateMaker, RejectedReply, plain_metadata
from toolworld.datasets.generation.runner.config import AgoraConfig
from toolworld.datasets.generation.runner.model_forms import opened_model
from toolworld.datasets.generation.runner.output import OutputPaths
from toolworld.datasets.generation.runner.replies import ReplyLog
from toolworld.datasets.generation.tokens import estimated_tokens
from toolworld.ground import JsonObject, SpecError, UsageError


class Previewed(NamedTuple):
    """A candidate, whole."""

    number: int
    prompt: str
    prompt_tokens: int
    """Estimated."""
    metadata: JsonObject
    instance: Instance | None
    """What came of the reply; None where it was rejected, or nobody was asked."""
    rejected: tuple[RejectedReply, ...]


async def preview(
    agora: Agora, count: int, environ: Mapping[str, str], *, ask: bool = True, output: Path | None = None
) -> list[Previewed]:
    """The first candidates of a run.

    Args:
        agora: The run.
        count: How many.
        environ: The environment variables, for keys.
        ask: Whether the model is asked; else only prompts are shown, and nothing is spent.
        output: The file of the run's rows: replies are kept in its log, so that the run does not pay for them again.

    Raises:
        UsageError: the number is not possible.
        ModelError: there is no such model.
    """
    if count < 1:
        raise UsageError("a preview shows one candidate at least")
    if not ask:
        return [shown for number in range(count) if (shown := _prompt(agora, number)) is not None]
    config = agora.config or AgoraConfig()
    with TemporaryDirectory() as folder:
        place = OutputPaths(output).replies if output else Path(folder) / "replies.jsonl"
        async with opened_model(agora.llm, config, environ, 1) as (model, models):
            with ReplyLog(place) as log:
                maker = CandidateMaker(agora.parts, model, identity_of(agora.llm, model), log, models.probe)
                found: list[Previewed] = []
                for number in range(count):
                    tried = await maker.make(number, ())
                    if tried.has_ended and not tried.rejected:
                        break
                    asked = PromptResult(tried.prompt, tried.metadata)
                    found.append(
                        _previewed(number, asked)._replace(instance=tried.instance, rejected=(*tried.rejected,))
                    )
                return found


def _prompt(agora: Agora, number: int) -> Previewed | None:
    """A candidate's first prompt; None after the last row."""
    name = f"{(agora.config or AgoraConfig()).seed}/{number}/0"
    made = agora.parts.source.prompt(Draw(number, Random(name)), name)
    if made is None:
        return None
    if isinstance(made, Reject):
        raise SpecError(made.detail)
    return _previewed(number, made)


def _previewed(number: int, made: PromptResult) -> Previewed:
    return Previewed(number, made.prompt, estimated_tokens(made.prompt), plain_metadata(made.metadata), None, ())
