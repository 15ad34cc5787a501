"""The start of the command. It is light, so that Ctrl-C is handled while the rest loads."""

import io
import os
import sys

from toolworld.cli.interrupt import STOPPED_CODE, leave_on_interrupt, leave_stopped


def _write_anything() -> None:
    """Write UTF-8 where no terminal says otherwise; a character that a terminal does not have is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=stream.encoding if stream.isatty() else "utf-8", errors="replace")


def main() -> None:
    """Run the command: an error is one sentence and exit code 2, Ctrl-C or SIGTERM is 130."""
    leave_on_interrupt()
    _write_anything()
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
