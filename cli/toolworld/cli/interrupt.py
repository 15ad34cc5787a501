"""Ctrl-C and SIGTERM: while the command loads they end it at once, later they are told by an exception."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

STOPPED = "stopped; what was finished is kept\n"
STOPPED_CODE = 130


def leave_on_interrupt() -> None:
    """End at once on Ctrl-C or SIGTERM, for the time in which nothing is open yet.

    An exception would be raised inside a library that is being loaded, and some make another one of it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # ignored by who started us: it stays so
        signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)


def raise_on_interrupt() -> None:
    """Raise `KeyboardInterrupt` on Ctrl-C or SIGTERM, so that what is open is closed."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def leave_on_termination() -> None:
    """End in order on SIGTERM, with exit code 0: a server that is told to stop has done its job."""
    signal.signal(signal.SIGTERM, _leave_in_order)


def _leave_in_order(*_: object) -> NoReturn:
    sys.exit(0)  # uvicorn raises the signal again when all requests are answered, and what is open is closed


def leave_stopped() -> NoReturn:
    """End now that everything is closed: a thread that waits for work would hold up a polite end for ever."""
    for stream, words in ((sys.stdout, ""), (sys.stderr, STOPPED)):
        with suppress(OSError, ValueError):  # whoever read it may have gone
            stream.write(words)
            stream.flush()
    os._exit(STOPPED_CODE)


def _leave(*_: object) -> None:
    os.write(2, STOPPED.encode())
    os._exit(STOPPED_CODE)
