"""`toolworld datasets ...`: datasets as a whole."""

import typer

from toolworld.cli.commands.measuring.agentflow import agentflow
from toolworld.cli.commands.measuring.card import card
from toolworld.cli.commands.measuring.contamination import contamination
from toolworld.cli.commands.measuring.dedup import dedup
from toolworld.cli.commands.measuring.downstream import downstream
from toolworld.cli.commands.measuring.perturb import perturb
from toolworld.cli.commands.measuring.sanity import sanity
from toolworld.cli.commands.measuring.split import split
from toolworld.cli.commands.measuring.sweep import sweep

datasets_app = typer.Typer(
    help="Make datasets worse or larger, sweep, check measures, remove copies, split, and describe.",
    no_args_is_help=True,
    add_completion=False,
)
for verb in (perturb, sweep, sanity, downstream, dedup, contamination, split, card, agentflow):
    datasets_app.command()(verb)


@datasets_app.callback()
def _group() -> None:
    """Make datasets worse or larger, sweep, check measures, remove copies, split, and describe."""
