"""`toolworld export ...`: runs and tasks in the forms of others."""

import typer

from toolworld.cli.commands.exporting.runs import chat, inspect, sharegpt
from toolworld.cli.commands.exporting.store import trajectories
from toolworld.cli.commands.exporting.tasks import nemo_gym, openenv, parquet, synthtools

export_app = typer.Typer(
    help="Write runs and tasks for trainers and other frameworks: chat, ShareGPT, Parquet, NeMo Gym, OpenEnv, inspect."
    "\n\nExample: toolworld export parquet --env library --env clinic --out tasks",
    no_args_is_help=True,
    add_completion=False,
)
_SETTINGS = {"help_option_names": ["-h", "--help"]}
for name, verb in {
    "trajectories": trajectories,
    "chat": chat,
    "sharegpt": sharegpt,
    "parquet": parquet,
    "inspect": inspect,
    "nemo-gym": nemo_gym,
    "openenv": openenv,
    "synthtools": synthtools,
}.items():
    export_app.command(name, context_settings=_SETTINGS)(verb)
