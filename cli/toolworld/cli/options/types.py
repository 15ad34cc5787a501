"""Options and arguments that several verbs share, with their help."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.environments import SimulatorKind

MODEL_NAMES = "openai:NAME, http://HOST/v1#NAME, local or scripted:FILE"

Environments = Annotated[list[str], typer.Argument(help="Environment folders, .jsonl packs, or built-in names.")]
EnvOption = Annotated[list[str], typer.Option(help="The environments of the trajectories (repeat for several).")]
TasksFile = Annotated[Path | None, typer.Option(help="A tasks.jsonl; by default the environments' own tasks.")]
PlayedUnder = Annotated[str | None, typer.Option(help="The fault profile that the runs were played under.")]
Faults = Annotated[
    str | None,
    typer.Option(help="A fault profile: flaky, busy, slow, stale, drifted, crowded, rough, or a JSON file with one."),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run programs that are not toolworld's own in this process: faster, and able to take it down.",
    ),
]
Writer = Annotated[
    str | None,
    typer.Option(help=f"A model that puts the requests into words ({MODEL_NAMES}); by default a grammar does."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

StoreOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Keep the episodes in this SQLite file, or at postgresql://USER@HOST/DB; else in memory."
    ),
]
STORE_HELP = "The SQLite file that --store named, or postgresql://USER@HOST/DATABASE."
Store = Annotated[str, typer.Argument(metavar="STORE", help=STORE_HELP)]

Simulator = Annotated[
    SimulatorKind,
    typer.Option(help="Who simulates: auto (a tool's program where it has one, else the model), behaviour or model."),
]
Simulate = Annotated[
    list[str] | None,
    typer.Option(metavar="TOOL=KIND", help="Simulate one tool otherwise, as TOOL=model or TOOL=behaviour (repeat)."),
]
ModelName = Annotated[str | None, typer.Option(help=f"The model that simulates tools: {MODEL_NAMES}.")]
BudgetText = Annotated[
    str | None, typer.Option(help="What models may cost at most: 2.50usd, 200000tokens or 1000completions.")
]
PricesFile = Annotated[
    Path | None, typer.Option(help="A JSON file with prices of models, in dollars for a million tokens.")
]
CacheFile = Annotated[
    Path | None,
    typer.Option(
        help="The SQLite file in which completions are kept, so that none is paid for twice; `run` has one in --out."
    ),
]
ModelConcurrency = Annotated[int, typer.Option(min=1, max=4096, help="Requests to one model's endpoint at a time.")]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        min=16,
        max=1_000_000,
        help="Tokens of one completion; by default each role's own limit. "
        "One that is cut off without a word gets four times as many, once.",
    ),
]
ModelSeconds = Annotated[float, typer.Option(min=0.1, help="How long one try of a request to a model may take.")]
