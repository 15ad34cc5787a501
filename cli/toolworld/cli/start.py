"""The start of the command. It is light, so that Ctrl-C is handled while the rest loads."""

import os
import sys

from toolworld.cli.interrupt import STOPPED, STOPPED_CODE, leave_on_interrupt


def main() -> None:
    """Run the command: an error is one sentence and exit code 2, Ctrl-C or SIGTERM is 130."""
    leave_on_interrupt()
    try:
        from toolworld.cli.app import run_app

        run_app()
    except KeyboardInterrupt:
        sys.stderr.write(STOPPED)
        sys.exit(STOPPED_CODE)
    except SystemExit as left:
        if left.code == STOPPED_CODE:  # Ctrl-C, understood by the command line's own library
            sys.stderr.write(STOPPED)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nothing more to say
        sys.exit(0)
