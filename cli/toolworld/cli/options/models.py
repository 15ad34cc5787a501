"""Model options of `serve`, `run` and `env synthesize`: parsing, opening under one budget, and the cost table."""

import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolworld.cli.screen import plain, stderr_console, stdout_console, table
from toolworld.environments import SIMULATOR_KINDS, OutcomeCache, SimulationPlan, SimulatorKind
from toolworld.ground import JsonObject, UsageError
from toolworld.judges import ModelJudge
from toolworld.llm import (
    SMALL_MODEL_NOTICE,
    Budget,
    LedgerEntry,
    Model,
    Models,
    RetryPolicy,
    SharedBudget,
    load_prices,
    open_models,
    parse_budget,
)

if TYPE_CHECKING:
    from toolworld.server import EpisodeStore

COMPLETIONS = "completions.sqlite"
"""The file that keeps completions, in the folder of a run."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a person wrote about models."""

    simulator: SimulatorKind = "auto"
    simulate: tuple[str, ...] = ()
    model: str | None = None
    budget: str | None = None
    prices: Path | None = None
    cache: Path | None = None
    concurrency: int = 64
    seconds: float = RetryPolicy.seconds
    max_tokens: int | None = None
    agent: str | None = None
    user: str | None = None
    judge: str | None = None
    writer: str | None = None

    @property
    def names(self) -> list[str]:
        """The models that are named."""
        return [name for name in (self.model, self.agent, self.user, self.judge, self.writer) if name]

    @property
    def command_line(self) -> list[str]:
        """The same options for a command in another folder; keys stay in the environment variables."""
        default = ModelOptions()
        options = {
            "--model": self.model,
            "--budget": self.budget,
            "--prices": str(self.prices.resolve()) if self.prices else None,
            "--model-cache": str(self.cache.resolve()) if self.cache else None,
            "--simulator": self.simulator if self.simulator != default.simulator else None,
            "--model-concurrency": str(self.concurrency) if self.concurrency != default.concurrency else None,
            "--max-tokens": str(self.max_tokens) if self.max_tokens else None,
            "--model-seconds": f"{self.seconds:g}" if self.seconds != default.seconds else None,
        }
        words = [word for name, value in options.items() if value for word in (name, value)]
        return words + [word for one in self.simulate for word in ("--simulate", one)]

    @property
    def retry_policy(self) -> RetryPolicy:
        """How long requests to models may take."""
        return RetryPolicy(self.seconds, concurrency=self.concurrency)

    @property
    def overrides(self) -> dict[str, SimulatorKind]:
        """Tools that are simulated otherwise.

        Raises:
            UsageError: one is not written as TOOL=KIND.
        """
        found: dict[str, SimulatorKind] = {}
        for word in self.simulate:
            tool, _, kind = word.partition("=")
            if not tool or kind not in SIMULATOR_KINDS:
                kinds = ", ".join(SIMULATOR_KINDS)
                raise UsageError(f"--simulate {word!r} is not written as TOOL=KIND, with {kinds} for KIND")
            found[tool] = kind
        return found

    @property
    def settings(self) -> JsonObject:
        """How calls are simulated, for files whose runs must have it in common."""
        overrides: JsonObject = dict(sorted(self.overrides.items()))
        tokens: JsonObject = {} if self.max_tokens is None else {"max tokens": self.max_tokens}
        judge: JsonObject = {} if self.judge is None else {"judge": self.judge}
        return {"simulator": self.simulator, "model": self.model or "none", "simulate": overrides, **tokens, **judge}


@dataclass(frozen=True, slots=True)
class OpenModels:
    """The models of a verb, open."""

    models: Models
    simulation: SimulationPlan
    agent: Model | None
    user: Model | None
    judge: ModelJudge | None
    """Judges statements."""
    writer: Model | None
    """Puts requests into words."""

    @property
    def budget(self) -> Budget | None:
        """What they may cost."""
        return self.models.budget


@asynccontextmanager
async def open_chosen_models(
    options: ModelOptions,
    stage: str,
    trusted: bool,
    folder: Path | None = None,
    shared: "EpisodeStore | None" = None,
) -> AsyncGenerator[OpenModels]:
    """Open the models that are named.

    Args:
        options: The options.
        stage: The verb, for the cost table.
        trusted: Whether programs that are not toolworld's own run in this process.
        folder: The folder to keep completions in, where no file is named.
        shared: The store to keep completions in, where no file is named, and what was spent.

    Raises:
        ModelError: a model cannot be opened.
        UsageError: an option means nothing without a model.
    """
    if options.simulator == "model" and options.model is None:
        raise UsageError("--simulator model needs --model, the model that simulates")
    if not options.names and (options.budget or options.prices or options.cache or options.max_tokens):
        raise UsageError("--budget, --prices, --model-cache and --max-tokens are for models, and none is named")
    overrides = options.overrides
    if "model" in overrides.values() and options.model is None:
        raise UsageError("--simulate TOOL=model needs --model, the model that simulates")
    cache = options.cache or shared or (folder / COMPLETIONS if folder and options.names else None)
    budget = parse_budget(options.budget) if options.budget else None
    if budget is not None and shared is not None:
        budget = SharedBudget(budget, shared, lambda: int(time.time()))
    prices = load_prices(options.prices) if options.prices else None
    async with open_models(os.environ, stage, cache, budget, prices, options.retry_policy) as models:
        simulating = await models.get(options.model, "simulator") if options.model else None
        agent = await models.get(options.agent, "agent") if options.agent else None
        user = await models.get(options.user, "user") if options.user else None
        judging = await models.get(options.judge, "judge") if options.judge else None
        writer = await models.get(options.writer, "writer") if options.writer else None
        await models.probe()
        if any(model is not None and model.is_small for model in (simulating, agent, user, judging, writer)):
            stderr_console().print(f"[yellow]{SMALL_MODEL_NOTICE}[/]")
        outcomes = OutcomeCache(models.cache) if simulating else None
        plan = SimulationPlan(trusted, options.simulator, overrides, simulating, outcomes, options.max_tokens)
        yield OpenModels(models, plan, agent, user, None if judging is None else ModelJudge(judging), writer)


def show_costs(entries: Sequence[LedgerEntry]) -> None:
    """Print the cost of models, by role and stage."""
    if not entries:
        return
    numbers = ("completions", "tokens in", "cached", "out", "cost", "saved")
    rows = table("Models", ("model", "role", *numbers), fixed=numbers)
    for entry in entries:
        paid = entry.paid
        counts = (paid.completions, paid.prompt_tokens, paid.cached_tokens, paid.completion_tokens)
        cost = f"${paid.cost_usd:.4f}" if entry.priced else "no price"
        shown = [f"{number:,}" for number in counts]
        rows.add_row(plain(entry.model), entry.role, *shown, cost, f"{entry.saved.completions:,}")
    stdout_console().print(rows)
