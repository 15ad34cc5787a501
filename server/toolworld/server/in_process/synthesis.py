"""Questions from seeds in one call: the resources of a configuration opened, its model, and the files written.

from toolworld.server import synthesize

manifest = synthesize(config_path="web.json", seeds="seeds.jsonl")
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import anyio

from toolworld.ground import RecordError, SpecError, UsageError, read_bytes, write_atomically
from toolworld.llm import Budget, Models, PriceList, RetryPolicy, open_models
from toolworld.rollout import (
    SeedSource,
    Stages,
    SynthesisConfig,
    SynthesisManifest,
    SynthesisStage,
    load_config,
    load_seeds,
    scenarios,
    synthesize_questions,
)
from toolworld.server.in_process.synthesis_host import synthesis_host
from toolworld.server.in_process.synthesis_models import opened_models, with_key

DEFAULT_OUT = "synthesis_results"
_BEGUN = "begun.txt"


def synthesize(
    *,
    config_path: str | Path | SynthesisConfig,
    seeds: SeedSource | None = None,
    output_dir: str | Path | None = None,
) -> SynthesisManifest:
    """Explore from seeds with tools, and write questions that take several dependent steps.

    Args:
        config_path: A JSON or YAML file, the name of a scenario that comes with toolworld, or a configuration.
        seeds: A file of seeds, texts, or objects with `content`; by default the configuration's `seeds_file`.
        output_dir: The folder of the files; by default the configuration's `output_dir`.

    Returns:
        The counts of each stage, as `manifest.json` has them.

    Raises:
        SpecError: the configuration, a tool's name or a resource is not sound.
        RecordError: a seed is not sound, or the folder holds what was made with other settings.
        RolloutError: nothing was explored from any seed.
        ModelError: a model cannot be opened, or does not answer.
    """

    async def run() -> SynthesisManifest:
        return await synthesize_async(config_path=config_path, seeds=seeds, output_dir=output_dir)

    return anyio.run(run)


@dataclass(frozen=True)
class SynthesisSpending:
    """What models may cost, and where what they said is kept."""

    budget: Budget | None = None
    prices: PriceList | None = None
    cache: Path | None = None


class OnSynthesis(Protocol):
    """Told of what happens while questions are made."""

    def begun(self, seeds: int) -> None:
        """It begins, with so many seeds."""
        ...

    def seed(self, stage: SynthesisStage) -> None:
        """A seed is through a stage."""
        ...

    def models(self, models: Models) -> None:
        """The models are open, with the ledger of what they cost."""
        ...


async def synthesize_async(
    *,
    config_path: str | Path | SynthesisConfig,
    seeds: SeedSource | None = None,
    output_dir: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    today: Callable[[], str] | None = None,
    spending: SynthesisSpending = SynthesisSpending(),
    trust: bool = False,
    listener: OnSynthesis | None = None,
) -> SynthesisManifest:
    """The same as `synthesize`, for callers that run in an event loop.

    Args:
        config_path: As there.
        seeds: As there.
        output_dir: As there.
        environ: The environment variables, for the keys of models and for places; what the settings of a resource name
            is taken from the process's own.
        today: The date of the day, as 2026-01-05.
        spending: What models may cost.
        trust: Whether the program of an environment that is not toolworld's own runs in this process.
        listener: Told of what happens.
    """
    variables = os.environ if environ is None else environ
    config = config_path if isinstance(config_path, SynthesisConfig) else scenario_config(config_path, variables)
    found = load_seeds(seeds if seeds is not None else _seeds_file(config, variables))[: config.number_of_seed]
    out = _folder(config, output_dir, variables)
    async with open_models(
        with_key(config, variables),
        "synthesize",
        spending.cache,
        spending.budget,
        spending.prices,
        RetryPolicy(concurrency=config.concurrency),
    ) as models:
        opened = await opened_models(config, models)
        stages = Stages(config, await synthesis_host(config, out, trust, variables), opened)
        if listener is not None:
            listener.models(models)
            listener.begun(len(found))
        date = _begun(out, config.synthesis_date, today or _today)
        return await synthesize_questions(stages, found, out, date, listener.seed if listener else _unheard)


def _unheard(stage: SynthesisStage) -> None:
    """Nobody listens."""


def output_folder(config_path: str | Path, output_dir: str | Path | None) -> Path:
    """Where the files of a synthesis go."""
    return _folder(scenario_config(config_path, os.environ), output_dir, os.environ)


def _folder(config: SynthesisConfig, output_dir: str | Path | None, environ: Mapping[str, str]) -> Path:
    return Path(output_dir or config.output_dir or environ.get("OUTPUT_DIR") or DEFAULT_OUT)


def scenario_config(name: str | Path, environ: Mapping[str, str]) -> SynthesisConfig:
    """The configuration of a file, or of a scenario that comes with toolworld.

    Raises:
        SpecError: there is neither, or it is not sound.
    """
    known = scenarios()
    if not Path(name).is_file() and str(name) in known:
        return load_config(known[str(name)], environ)
    if not Path(name).is_file():
        raise SpecError(f"{name} is neither a configuration nor a scenario; scenarios are: {', '.join(known)}")
    return load_config(name, environ)


def _seeds_file(config: SynthesisConfig, environ: Mapping[str, str]) -> Path:
    """The file of seeds that a configuration names, looked for beside it and then here."""
    named = config.seeds_file or environ.get("SEEDS_FILE")
    if named is None:
        raise UsageError(
            "there are no seeds: give a file of them (--seeds), `seeds_file` in the configuration or SEEDS_FILE"
        )
    beside = config.folder / named
    return beside if beside.is_file() else Path(named)


def _begun(out: Path, wanted: str | None, today: Callable[[], str]) -> str:
    """The date when the folder was begun, so that going on from there changes nothing.

    Args:
        out: The folder.
        wanted: The date of the configuration, if it has one.
        today: The date of the day.

    Raises:
        RecordError: the folder was begun on another date than the configuration's.
    """
    place = out / "stages" / _BEGUN
    held = read_bytes(place).decode(errors="replace").strip() if place.exists() else None
    if held is not None and wanted not in (None, held):
        raise RecordError(f"{out} was begun with synthesis_date {held}, and now it is {wanted}")
    date = held or wanted or today()
    if held is None:
        write_atomically(place, f"{date}\n".encode())
    return date


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
