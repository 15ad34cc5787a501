"""Whose turn it is: accounts share a few lanes by the time they have had, and suspects share all lanes but one."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import anyio

GOOD_CALLS = 20
"""An account is proven after so many calls in a row that did no harm; before that it is a suspect."""
MAX_STRIKES = 3
"""After so many strikes in a row an account is in quarantine."""
QUARANTINE_SECONDS = 5.0
"""The first quarantine; each further one is twice as long, up to `MAX_QUARANTINE_SECONDS`."""
MAX_QUARANTINE_SECONDS = 300.0
MAX_BATCH = 8
"""How many calls of a proven account are answered in one turn."""

J = TypeVar("J")


class Account(Generic[J]):
    """What one environment has waiting, has had, and has done."""

    def __init__(self) -> None:
        self.waiting: deque[Ticket[J]] = deque()
        self.seconds = 0.0
        """Virtual time: the lane time that it has had, and what it missed while it asked for nothing."""
        self.is_running = False
        self.good_calls = 0
        self.strikes = 0
        self.quarantined_until = 0.0

    @property
    def is_suspect(self) -> bool:
        """Whether it may yet do harm: it is new, or has had a strike lately."""
        return self.strikes > 0 or self.good_calls < GOOD_CALLS

    def note_good(self, calls: int) -> None:
        """Note calls that did no harm."""
        self.strikes = 0
        self.good_calls += calls

    def note_strike(self, now: float) -> None:
        """Note a call that had to be stopped."""
        self.good_calls = 0
        self.strikes += 1
        if self.strikes >= MAX_STRIKES:
            longer = QUARANTINE_SECONDS * 2 ** (self.strikes - MAX_STRIKES)
            self.quarantined_until = now + min(MAX_QUARANTINE_SECONDS, longer)


class Ticket(Generic[J]):
    """A job that waits for its turn."""

    def __init__(self, account: Account[J], job: J) -> None:
        self.account = account
        self.job = job
        self.turn: list[Ticket[J]] | None = None
        """The tickets that the holder of this one is to serve, its own first, once it is its turn."""
        self.result: Any = None
        self.problem: Exception | None = None
        self.is_done = False
        self.is_retried = False
        self.is_withdrawn = False
        """Whether the caller has gone; then it may still be served, but gets no turn."""
        self.called = anyio.Event()
        """Set when it is this ticket's turn, and when somebody else's turn has served it."""

    def finish(self) -> None:
        """Note that result or problem are there."""
        self.is_done = True
        self.called.set()


class FairQueue(Generic[J]):
    """Gives turns in a few lanes. Who gets a turn serves the jobs in it, and gives the lane back with `finish`.

    Args:
        lanes: How many turns there are at a time, at least 2.
        clock: Monotonic seconds.
    """

    def __init__(self, lanes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = lanes
        self._free_for_suspects = lanes - 1
        self._clock = clock
        self._waiting: dict[Account[J], None] = {}
        self._virtual_time = 0.0

    def now(self) -> float:
        """The queue's clock."""
        return self._clock()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return sum(len(account.waiting) for account in self._waiting)

    def put(self, ticket: Ticket[J]) -> None:
        """Queue a job."""
        account = ticket.account
        if not account.waiting and not account.is_running:
            account.seconds = max(account.seconds, self._virtual_time)  # nobody saves time up by asking for nothing
        account.waiting.append(ticket)
        self._waiting[account] = None
        self._give_turns()

    def put_back(self, tickets: list[Ticket[J]]) -> None:
        """Queue the jobs of a turn again, before those that came after them."""
        for ticket in reversed([ticket for ticket in tickets if not ticket.is_withdrawn]):
            ticket.turn = None
            ticket.account.waiting.appendleft(ticket)
            self._waiting[ticket.account] = None

    def withdraw(self, ticket: Ticket[J]) -> None:
        """Take out a job whose caller has gone."""
        ticket.is_withdrawn = True
        if ticket in ticket.account.waiting:
            ticket.account.waiting.remove(ticket)
            self._forget_if_idle(ticket.account)

    def take_waiting(self, account: Account[J]) -> list[Ticket[J]]:
        """Take out all jobs of an account."""
        taken = list(account.waiting)
        account.waiting.clear()
        self._forget_if_idle(account)
        return taken

    def finish(self, account: Account[J], seconds: float, *, was_suspect: bool) -> None:
        """Give a lane back.

        Args:
            account: Whose turn it was.
            seconds: How long it took.
            was_suspect: Whether the account was a suspect when it got its turn.
        """
        self._free += 1
        self._free_for_suspects += was_suspect
        account.is_running = False
        account.seconds += seconds
        self._give_turns()

    def _give_turns(self) -> None:
        while self._free:
            ready = [account for account in self._waiting if self._may_run(account)]
            if not ready:
                return
            account = min(ready, key=lambda one: one.seconds)
            self._virtual_time = max(self._virtual_time, account.seconds)
            self._free -= 1
            self._free_for_suspects -= account.is_suspect
            account.is_running = True
            size = 1 if account.is_suspect else MAX_BATCH
            turn = [account.waiting.popleft() for _ in range(min(size, len(account.waiting)))]
            self._forget_if_idle(account)
            turn[0].turn = turn
            turn[0].called.set()

    def _may_run(self, account: Account[J]) -> bool:
        return not account.is_running and (not account.is_suspect or self._free_for_suspects > 0)

    def _forget_if_idle(self, account: Account[J]) -> None:
        if not account.waiting:
            self._waiting.pop(account, None)
