"""`toolworld synthesize`: questions that take several dependent steps, from what was explored with tools."""

from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.progress import Progress

from toolworld.cli.options.models import show_costs
from toolworld.cli.options.types import AsJson, BudgetText, CacheFile, PricesFile, Trust
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.ground import RolloutError, each_line
from toolworld.llm import LedgerEntry, Models, load_prices, parse_budget
from toolworld.rollout import QUESTIONS, QuestionRow, SynthesisManifest, SynthesisStage
from toolworld.server import SynthesisSpending, output_folder, synthesize_async


def synthesize(
    config: Annotated[
        str,
        typer.Argument(
            help="A JSON or YAML file, or a scenario: web, knowledge_base, document, database or filesystem."
        ),
    ],
    seeds: Annotated[
        str | None,
        typer.Option(help="A .jsonl, .json or .txt file of seeds, or one seed; by default the configuration's."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder of the output; by default the configuration's, or synthesis_results."),
    ] = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Explore from seeds with tools, and write questions that take several dependent steps, with their reasoning.

    Each branch is a fork, so that no branch sees what another one did; a path that does not replay is not exported.
    Every question is solved by following its hops before it is kept. Without `model_name` in the configuration no
    model is asked. Stopped at any moment and given again, the command goes on and ends in the same bytes. Exit code 2
    if nothing was explored, or no question passed.

    Example: toolworld synthesize web --out questions
    """
    spending = SynthesisSpending(
        parse_budget(budget) if budget else None, load_prices(prices) if prices else None, model_cache
    )

    async def run() -> SynthesisManifest:
        return await synthesize_async(
            config_path=config, seeds=seeds, output_dir=out, spending=spending, trust=trust, listener=listener
        )

    with progress("making questions") as bar:
        listener = _Bars(bar)
        manifest = anyio.run(run)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
    else:
        folder = output_folder(config, out)
        _show(manifest, folder)
        show_costs(listener.costs)
        _show_one(folder)
    if not manifest.questions:
        raise RolloutError(_why_nothing(manifest))


def _why_nothing(manifest: SynthesisManifest) -> str:
    """Why there is no question, in a sentence."""
    if manifest.selected:
        return "no question passed every check; rejected.jsonl has each draft, with what was wrong"
    if manifest.deep_enough:
        return f"none of {count(manifest.deep_enough, 'path')} came out the same when it was played again"
    made = f"{count(manifest.nodes, 'call')} and {count(manifest.leaves, 'path')}"
    return f"there were {made}, and no path was as long as `min_depth`: nothing leads on from the seeds"


class _Bars:
    """The progress of both stages as one bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._line = bar.add_task("", total=None)
        self._models: Models | None = None

    @property
    def costs(self) -> list[LedgerEntry]:
        """What models cost."""
        return self._models.ledger.entries if self._models else []

    def begun(self, seeds: int) -> None:
        """It begins: each seed is explored, and then written about."""
        self._bar.update(self._line, total=2 * seeds)

    def seed(self, stage: SynthesisStage) -> None:
        """A seed is through a stage."""
        self._bar.update(self._line, advance=1, description=stage)

    def models(self, models: Models) -> None:
        """The models are open."""
        self._models = models


def _show(manifest: SynthesisManifest, out: Path) -> None:
    console = stdout_console()
    console.print(
        f"[bold]{plain(str(out))}[/]: {count(manifest.questions, 'question')} from {count(manifest.seeds, 'seed')}, "
        f"explored by {plain(manifest.explorer)}, written by {plain(manifest.writer)}"
    )
    rows = table("From seeds to questions", ("stage", "count"), fixed=("count",))
    for name, number in _stages(manifest):
        rows.add_row(name, f"{number:,}")
    console.print(rows)
    for title, counts in (("Branches lost", manifest.lost_branches), ("Drafts rejected", manifest.rejected_drafts)):
        if counts:
            reasons = table(title, ("reason", "count"), fixed=("count",))
            for reason, number in counts.items():
                reasons.add_row(reason.replace("_", " "), f"{number:,}")
            console.print(reasons)
    for seed, why in [*manifest.failed_seeds.items()][:5]:
        console.print(f"[yellow]nothing was explored from seed {seed}:[/] {plain(why)}")


def _stages(manifest: SynthesisManifest) -> list[tuple[str, int]]:
    return [
        ("calls made", manifest.nodes),
        ("paths", manifest.leaves),
        ("deep enough", manifest.deep_enough),
        ("selected", manifest.selected),
        ("not replayed", manifest.not_replayed),
        ("questions asked for", manifest.questions_asked),
        ("questions that passed", manifest.questions),
    ]


def _show_one(out: Path) -> None:
    """Print the first question, and what can be done next."""
    console = stdout_console()
    first = next(each_line(out / QUESTIONS, QuestionRow), None)
    if first is None:
        return
    console.print(f"The first: {plain(first.question)} [bold]{plain(first.answer)}[/]")
    console.print(f"All are in {plain(str(out / QUESTIONS))}. Play them as tasks:", soft_wrap=True)
    environment, tasks = plain(str(out / "environment")), plain(str(out / "tasks.jsonl"))
    console.print(f"  toolworld run {environment} --tasks {tasks} --out runs", soft_wrap=True)
