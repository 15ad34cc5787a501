"""`toolworld agora ...`: rows that language models write, and the comparison of models that write them."""

import typer

from toolworld.cli.commands.agora.bench import bench
from toolworld.cli.commands.agora.check import check
from toolworld.cli.commands.agora.export import export
from toolworld.cli.commands.agora.preview import preview
from toolworld.cli.commands.agora.run import run

agora_app = typer.Typer(
    help="Have a language model write rows for training, check them, and compare models that do.",
    no_args_is_help=True,
    add_completion=False,
)
for verb in (run, preview, check, bench, export):
    agora_app.command()(verb)


@agora_app.callback()
def _group() -> None:
    """Have a language model write rows for training, check them, and compare models that do."""
