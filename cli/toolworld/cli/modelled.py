"""The models of a verb: named by its options, opened together, on one budget, and told of at its end."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from toolworld.cli.screen import aside, plain, screen, table
from toolworld.environments import SIMULATOR_KINDS, OutcomeCache, SimulationPlan, SimulatorKind
from toolworld.ground import ModelError
from toolworld.llm import (
    SMALL_MODEL_NOTICE,
    Budget,
    LedgerEntry,
    Model,
    Models,
    RetryPolicy,
    load_prices,
    open_models,
    parse_budget,
)

COMPLETIONS = "completions.sqlite"
MODEL_HELP = "The model that simulates tools: openai:NAME, http://HOST/v1#NAME, local or scripted:FILE."
SIMULATOR_HELP = "Who simulates: auto (a tool's program where it has one, else the model), behaviour or model."
SIMULATE_HELP = "Simulate one tool otherwise, as TOOL=model or TOOL=behaviour (repeat)."
BUDGET_HELP = "What models may cost at most: 2.50usd, 200000tokens or 1000completions."
PRICES_HELP = "A JSON file with prices of models, in dollars for a million tokens."
CACHE_HELP = "The SQLite file in which answers of models are kept, so that none is paid for twice."
SECONDS_HELP = "How long one try of a request to a model may take."
AT_ONCE_HELP = "Requests to one model's endpoint at once."


@dataclass(frozen=True, slots=True)
class Modelling:
    """What a person said about models."""

    simulator: SimulatorKind = "auto"
    simulate: tuple[str, ...] = ()
    model: str | None = None
    budget: str | None = None
    prices: Path | None = None
    cache: Path | None = None
    at_once: int = 64
    seconds: float = RetryPolicy.seconds
    agent: str | None = None
    user: str | None = None

    @property
    def names(self) -> list[str]:
        """The models that are named."""
        return [name for name in (self.model, self.agent, self.user) if name]

    @property
    def words(self) -> list[str]:
        """The same, as words of a command of another folder; keys stay where they are, in the environment."""
        named = {"--model": self.model, "--budget": self.budget}
        files = {"--prices": self.prices, "--model-cache": self.cache}
        usual = Modelling()
        words = [word for name, value in named.items() if value for word in (name, value)]
        words += [word for name, path in files.items() if path for word in (name, str(path.resolve()))]
        words += ["--simulator", self.simulator] if self.simulator != usual.simulator else []
        words += [word for one in self.simulate for word in ("--simulate", one)]
        words += ["--at-once", str(self.at_once)] if self.at_once != usual.at_once else []
        return words + (["--model-seconds", f"{self.seconds:g}"] if self.seconds != usual.seconds else [])

    @property
    def retry_policy(self) -> RetryPolicy:
        """How long models are waited for."""
        return RetryPolicy(self.seconds, concurrency=self.at_once)

    @property
    def overrides(self) -> dict[str, SimulatorKind]:
        """Tools that are simulated otherwise.

        Raises:
            ModelError: one is not written as TOOL=MEANS.
        """
        found: dict[str, SimulatorKind] = {}
        for word in self.simulate:
            tool, _, kind = word.partition("=")
            if not tool or kind not in SIMULATOR_KINDS:
                raise ModelError(
                    f"--simulate {word!r} is not written as TOOL=MEANS, with {', '.join(SIMULATOR_KINDS)} for MEANS"
                )
            found[tool] = kind
        return found


@dataclass(frozen=True, slots=True)
class Opened:
    """The models of a verb, ready."""

    models: Models
    simulation: SimulationPlan
    agent: Model | None
    user: Model | None

    @property
    def budget(self) -> Budget | None:
        """What they may cost."""
        return self.models.budget


@asynccontextmanager
async def opened(said: Modelling, stage: str, trusted: bool, place: Path | None = None) -> AsyncGenerator[Opened]:
    """Open the models that are named.

    Args:
        place: The folder to keep completions in, where no file is named.

    Raises:
        ModelError: one cannot be opened, or an option kind nothing without a model.
    """
    if said.simulator == "model" and said.model is None:
        raise ModelError("--simulator model needs --model, the model that simulates")
    if not said.names and (said.budget or said.prices or said.cache):
        raise ModelError("--budget, --prices and --model-cache are for models, and none is named")
    overrides = said.overrides
    if "model" in overrides.values() and said.model is None:
        raise ModelError("--simulate TOOL=model needs --model, the model that simulates")
    cache = said.cache or (place / COMPLETIONS if place and said.names else None)
    budget = parse_budget(said.budget) if said.budget else None
    prices = load_prices(said.prices) if said.prices else None
    async with open_models(os.environ, stage, cache, budget, prices, said.retry_policy) as models:
        simulating = await models.get(said.model, "simulator") if said.model else None
        agent = await models.get(said.agent, "agent") if said.agent else None
        user = await models.get(said.user, "user") if said.user else None
        if any(model is not None and model.is_small for model in (simulating, agent, user)):
            aside().print(f"[yellow]{SMALL_MODEL_NOTICE}[/]")
        kept = OutcomeCache(models.cache) if simulating else None
        yield Opened(models, SimulationPlan(trusted, said.simulator, overrides, simulating, kept), agent, user)


def show_costs(entries: Sequence[LedgerEntry]) -> None:
    """Print what models cost, by part and stage."""
    if not entries:
        return
    rows = table(
        "Models", ("model", "part", "stage", "completions", "tokens in", "cached", "out", "cost", "from cache")
    )
    for entry in entries:
        cost = f"${entry.paid.cost_usd:.4f}" if entry.priced else "no price"
        paid = entry.paid
        counts = (paid.completions, paid.prompt_tokens, paid.cached_tokens, paid.completion_tokens)
        shown = [f"{number:,}" for number in counts]
        rows.add_row(plain(entry.model), entry.role, entry.stage, *shown, cost, f"{entry.saved.completions:,}")
    screen().print(rows)
