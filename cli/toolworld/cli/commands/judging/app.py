"""`toolworld judge`: judges a file, unless a verb of its own follows."""

from typing import Any

import typer
from typer.core import TyperGroup

from toolworld.cli.commands.judging.calibrate import calibrate
from toolworld.cli.commands.judging.file import judge
from toolworld.cli.commands.judging.show import show

_FILE = "file"


class JudgeVerbs(TyperGroup):
    """The verbs of `judge`; what names none is a file to judge.

    Contexts are of a class that typer keeps private.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb in where a person left it out."""
        asks_for_help = not args or args[0] in ("-h", "--help")
        return super().parse_args(ctx, args if asks_for_help or args[0] in self.commands else [_FILE, *args])


judge_app = typer.Typer(
    cls=JudgeVerbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Judge every trajectory of a file, measure judges, and look at a run beside its verdict.\n\n"
    "Example: toolworld judge out/demo/trajectories.jsonl --env library",
)
_SETTINGS = {"help_option_names": ["-h", "--help"]}
judge_app.command(_FILE, context_settings=_SETTINGS)(judge)
judge_app.command("calibrate", context_settings=_SETTINGS)(calibrate)
judge_app.command("show", context_settings=_SETTINGS)(show)
