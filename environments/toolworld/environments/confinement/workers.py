"""Workers for the programs of strangers: sessions by environment, a fair queue over them, and quarantine."""

import math
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from weakref import finalize

import anyio

from toolworld.environments.confinement.fair_queue import Account, FairQueue, Ticket
from toolworld.environments.confinement.parcel import Parcel
from toolworld.environments.confinement.sandbox import Strength
from toolworld.environments.confinement.session import ConfinedCall, Session, WorkerStoppedError
from toolworld.environments.confinement.zygote import shared_zygote
from toolworld.environments.spec.environment import BEHAVIOUR_FILE
from toolworld.environments.state.state import State
from toolworld.ground import QuarantineError, SimulationError, SpecError

MAX_CALL_SECONDS = 1.0
"""Maximum time of one call; most take a thousandth of it."""
MAX_SESSIONS = 128
"""How many workers are kept, of some 4 MiB each; the one that was used least recently is ended first."""


class Tenant(Account[ConfinedCall | None]):
    """An environment whose program runs in workers.

    Args:
        name: What messages call it.
        parcel: Makes the environment's parcel.
        initial: Its initial state.
    """

    def __init__(self, name: str, parcel: Callable[[], Parcel], initial: State) -> None:
        super().__init__()
        self.name = name
        self.parcel = parcel
        self.initial = initial
        self.code = b""
        """What a worker made of the program; it is never loaded in this process."""
        self.refusal: str | None = None
        """Why the program does not load."""


class Workers:
    """Answers calls of environments in confined worker processes, each of which serves one environment.

    Args:
        lanes: How many calls are answered at a time; by default one for each processor, and at least two.
        sessions: How many workers are kept.
        seconds: How long a call may take.
    """

    def __init__(
        self, lanes: int | None = None, sessions: int = MAX_SESSIONS, seconds: float = MAX_CALL_SECONDS
    ) -> None:
        self._queue: FairQueue[ConfinedCall | None] = FairQueue(max(2, lanes or os.cpu_count() or 2))
        self._max_sessions = sessions
        self._seconds = seconds
        self._sessions: OrderedDict[Tenant, Session] = OrderedDict()
        finalize(self, _close_all, self._sessions)
        self.loads = 0
        """How often an environment was loaded."""
        self.strength: Strength | None = None
        """How confined the workers are; None before one was started."""
        self.stopped = 0
        """How many workers were stopped, or died."""

    def prepare(self) -> None:
        """Start the process that workers are forked from, so that it is ready when the first call comes."""
        shared_zygote()

    async def load(self, tenant: Tenant) -> None:
        """Load an environment in a worker.

        Raises:
            SpecError: the program does not load.
            SimulationError: it broke its worker, or took too long.
        """
        await self._result(tenant, None)

    async def answer(self, tenant: Tenant, call: ConfinedCall) -> list[Any]:
        """Answer a call.

        Raises:
            SpecError: the program does not load.
            SimulationError: the program broke, used up too much, or took too long.
            QuarantineError: the program had to be stopped several times in a row; the call was not made.
        """
        return await self._result(tenant, call)

    async def _result(self, tenant: Tenant, call: ConfinedCall | None) -> list[Any]:
        if tenant.refusal is not None:
            raise SpecError(tenant.refusal)
        quarantine = self._quarantine(tenant)
        if quarantine is not None:
            raise QuarantineError(quarantine)
        ticket = Ticket(tenant, call)
        self._queue.put(ticket)
        while not ticket.is_done:
            try:
                await ticket.called.wait()
            except BaseException:
                self._leave(ticket)
                raise
            if ticket.turn is not None:
                turn, ticket.turn, ticket.called = ticket.turn, None, anyio.Event()
                with anyio.CancelScope(shield=True):  # others may wait for this turn, and it is bounded in time
                    await self._serve(tenant, turn)
        if ticket.problem is not None:
            raise ticket.problem
        return ticket.result

    def close(self) -> None:
        """End all workers."""
        _close_all(self._sessions)

    def _quarantine(self, tenant: Tenant) -> str | None:
        """Why an environment's calls are not made at present, if it is so."""
        seconds = tenant.quarantined_until - self._queue.now()
        if seconds <= 0:
            return None
        return (
            f"{tenant.name}: its program had to be stopped {tenant.strikes} times in a row; "
            f"the call was not made, and can be tried again in {math.ceil(seconds)} s"
        )

    def _leave(self, ticket: Ticket[ConfinedCall | None]) -> None:
        """Take out a job whose caller was cancelled, and give back the lane if it was its turn."""
        if ticket.turn is None:
            self._queue.withdraw(ticket)
            return
        self._queue.put_back(ticket.turn[1:])
        self._queue.finish(ticket.account, 0.0, was_suspect=ticket.account.is_suspect)

    async def _serve(self, tenant: Tenant, turn: list[Ticket[ConfinedCall | None]]) -> None:
        """Answer the jobs of a turn, and give its lane back."""
        was_suspect, began = tenant.is_suspect, self._queue.now()
        try:
            session = await self._session(tenant)
            calls = [ticket.job for ticket in turn if ticket.job is not None]
            answers = await session.ask(calls, self._seconds, brief=not was_suspect) if calls else []
        except SpecError as problem:
            tenant.refusal = str(problem)
            _fail(turn, problem)
        except WorkerStoppedError as problem:
            was_used = self._end_session(tenant)
            [first, *others] = turn
            if not others and was_used and problem.died and not first.is_retried:
                first.is_retried = True  # what it kept of other calls may have taken the memory
                self._queue.put_back(turn)
            elif not others:
                tenant.note_strike(self._queue.now())
                _fail(turn, SimulationError(f"{BEHAVIOUR_FILE}: {problem}"))
                quarantine = self._quarantine(tenant)
                if quarantine is not None:  # those that wait already are not made either
                    _fail(self._queue.take_waiting(tenant), QuarantineError(quarantine))
            else:  # one of them did it: calls change nothing before they are committed, so each is made again, alone
                tenant.good_calls = 0
                self._queue.put_back(turn)
        except OSError as problem:
            _fail(turn, SimulationError(f"no worker could be started: {problem}"))
        except Exception as problem:
            self._end_session(tenant)  # it may be in the middle of an answer
            _fail(turn, SimulationError(f"the worker was given up: {type(problem).__name__}: {problem}"))
            raise
        except BaseException:  # this caller was cancelled by what no scope shields from; the others' calls are made yet
            self._end_session(tenant)
            self._queue.put_back(turn[1:])
            raise
        else:
            tenant.note_good(len(answers))
            given = iter(answers)
            for ticket in turn:
                ticket.result = None if ticket.job is None else next(given)
                ticket.finish()
        finally:
            self._queue.finish(tenant, self._queue.now() - began, was_suspect=was_suspect)

    async def _session(self, tenant: Tenant) -> Session:
        session = self._sessions.get(tenant)
        if session is not None:
            self._sessions.move_to_end(tenant)
            return session
        self.loads += 1
        session, tenant.code = await Session.open(tenant.parcel(), tenant.code, tenant.initial)
        self.strength = session.strength
        self._sessions[tenant] = session
        if len(self._sessions) > self._max_sessions:
            idle = next((other for other in self._sessions if not other.is_running), None)
            if idle is not None:
                self._sessions.pop(idle).close()
        return session

    def _end_session(self, tenant: Tenant) -> bool:
        """End an environment's worker; the result says whether it had answered calls before."""
        self.stopped += 1
        session = self._sessions.pop(tenant, None)
        if session is None:
            return False
        session.close()
        return session.answered > 0


def _fail(turn: list[Ticket[ConfinedCall | None]], problem: Exception) -> None:
    for ticket in turn:
        ticket.problem = problem
        ticket.finish()


def _close_all(sessions: OrderedDict[Tenant, Session]) -> None:
    while sessions:
        sessions.popitem()[1].close()
