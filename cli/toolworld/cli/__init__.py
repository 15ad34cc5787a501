"""The `toolworld` command. This module is light, so that Ctrl-C is handled while the rest loads."""

import os
import signal
import sys

__all__ = ["main"]


_STOPPED = "stopped; what was finished is kept\n"


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command: an error is one sentence and exit code 2, Ctrl-C or SIGTERM is 130."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        from toolworld.cli.app import run_app

        run_app()
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED)
        sys.exit(130)
    except SystemExit as left:
        if left.code == 130:  # Ctrl-C, understood by the command line's own library
            sys.stderr.write(_STOPPED)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nothing more to say
        sys.exit(0)
