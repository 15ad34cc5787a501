"""What is compared by `toolworld agora bench`, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolworld.cli.commands.measuring.options import VectorOptions, find_vectors
from toolworld.datasets import (
    GeneratorRows,
    InContext,
    Instruments,
    TrainedScores,
    known_domain,
    read_rows,
    read_scores,
    word_vectors,
)
from toolworld.ground import UsageError
from toolworld.llm import Models


@dataclass(frozen=True)
class BenchChoice:
    """What a person chose to compare, and by what."""

    generators: Sequence[GeneratorRows]
    domain: str
    models: tuple[str | None, str | None, str | None]
    vectors: VectorOptions | None
    most: int
    seed: int

    async def embed(self, texts: Sequence[str]) -> Any:
        """The vectors of texts: of a model where one is named, else of counted words."""
        table = await find_vectors(self.vectors, lambda: texts) if self.vectors else None
        if table is None:
            return word_vectors(texts)
        return table.of(texts)


async def open_instruments(models: Models, chosen: BenchChoice) -> Instruments:
    """Open the models that measure.

    Raises:
        ModelError: there is no such model, or it does not answer.
        UsageError: there is no such domain.
    """
    solver, judge, perplexity = chosen.models
    scorer = await models.text_scorer(perplexity, "judge") if perplexity else None
    solving = await models.get(solver, "solver") if solver else None
    judging = await models.get(judge, "judge") if judge else None
    await models.probe()
    log_probabilities = scorer.log_probabilities if scorer else None
    return Instruments(
        known_domain(chosen.domain), solving, judging, log_probabilities, most=chosen.most, seed=chosen.seed
    )


def trained_scores(base: Path | None, reference: Path | None, students: list[str] | None) -> TrainedScores | None:
    """The scores of trained models; None where none are given.

    Raises:
        UsageError: some are missing.
        RecordError: a file cannot be read.
    """
    if base is None and reference is None and not students:
        return None
    if base is None or reference is None or not students:
        raise UsageError("the gap recovered needs --base, --reference and a --student for each generator")
    named = [one.partition("=") for one in students]
    if not all(name and place for name, _, place in named):
        raise UsageError("--student is written as NAME=FILE")
    scores = {name: read_scores(Path(place)) for name, _, place in named}
    return TrainedScores(read_scores(base), read_scores(reference), scores)


def in_context_parts(benchmark: str | None, reference_rows: str | None) -> InContext | None:
    """The benchmark and the reference of the in-context gap; None where neither is given.

    Raises:
        UsageError: one is missing.
        RecordError: a file cannot be read.
    """
    if benchmark is None and reference_rows is None:
        return None
    if benchmark is None or reference_rows is None:
        raise UsageError("the in-context gap needs both --benchmark and --reference-rows")
    return InContext(read_rows(benchmark), read_rows(reference_rows))
