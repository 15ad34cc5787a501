"""The start of the command. It is light, so that Ctrl-C is handled while the rest loads."""

import os
import sys

from toolworld.cli.interrupt import STOPPED_CODE, leave_on_interrupt, leave_stopped


def main() -> None:
    """Run the command: an error is one sentence and exit code 2, Ctrl-C or SIGTERM is 130."""
    leave_on_interrupt()
    try:
        from toolworld.cli.app import run_app

        run_app()
    except KeyboardInterrupt:
        leave_stopped()
    except SystemExit as left:
        if left.code == STOPPED_CODE:  # Ctrl-C, understood by the command line's own library
            leave_stopped()
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nothing more to say
        sys.exit(0)
