"""Ctrl-C and SIGTERM: while the command loads they end it at once, later they are told by an exception."""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

STOPPED = "stopped; what was finished is kept\n"
STOPPED_CODE = 130


def leave_on_interrupt() -> None:
    """End at once on Ctrl-C or SIGTERM, for the time in which nothing is open yet.

    An exception would be raised inside a library that is being loaded, and some make another one of it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and hasattr(signal, "pthread_sigmask"):
        # who started us ignores Ctrl-C, and so do we: it does not come, but SIGTERM needs its handler
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)


def raise_on_interrupt() -> None:
    """Raise `KeyboardInterrupt` on Ctrl-C or SIGTERM, so that what is open is closed."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)


def hear_ctrl_c() -> None:
    """Hear Ctrl-C even where who started us ignores it, as servers do."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def leave_on_termination() -> None:
    """End in order on SIGTERM, with exit code 0: a server that is told to stop has done its job."""
    hear_ctrl_c()
    signal.signal(signal.SIGTERM, _leave_in_order)


def _interrupt(_: int, frame: FrameType | None) -> None:
    # Within an event loop Ctrl-C has another handler, which cancels the main task and lets the loop close what is
    # open. Raising an exception in the middle of a loop breaks the task it hits, and the loop may wait for it for ever.
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(signal.SIGINT, frame)


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
