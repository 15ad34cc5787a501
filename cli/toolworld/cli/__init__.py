"""The `toolworld` command: one file a verb. This door is light, so that Ctrl-C is understood while the rest loads."""

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command: an error is one sentence and exit code 2, Ctrl-C is 130."""
    try:
        from toolworld.cli.main import run_app

        run_app()
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was finished is kept\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nothing more to say
        sys.exit(0)
