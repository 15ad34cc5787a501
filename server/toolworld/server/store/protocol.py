"""The store of episodes, as the rest of the server sees it.

A store knows nothing of environments, calls or states: it keeps documents, and is asked with verbs. What
is written is durable when the verb returns. Several processes may share a store, so that every verb
that can lose a race says so. Implementations: `SqliteStore`, `PostgresStore`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

from toolworld.ground import Record
from toolworld.llm import CompletionStore, SpendingStore


class Columns(Protocol):
    """A row of a table, whose columns are found by name."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column."""
        ...


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """What a store knows of an episode besides its log."""

    id: str
    environment: str
    version: str
    """The environment's version."""
    seed: int
    task: str | None = None
    parent: str | None = None
    """The episode that this one was forked from."""
    fork_step: int = 0
    """How many of the parent's calls it shares."""
    fork_exchange: int = 0
    """How many exchanges of the parent's conversation it shares."""
    closed: bool = False
    trial: int = 0
    """Which repetition of its task it is."""
    answer: str | None = None
    """What the agent told the user, where it was said."""

    @classmethod
    def of_columns(cls, columns: Columns, answer: str | None) -> Self:
        """A row of a database's table of episodes; databases keep the answer in different ways."""
        return cls(
            id=columns["id"],
            environment=columns["environment"],
            version=columns["version"],
            seed=columns["seed"],
            task=columns["task"],
            parent=columns["parent"],
            fork_step=columns["fork_step"],
            fork_exchange=columns["fork_exchange"],
            trial=columns["trial"],
            answer=answer,
            closed=bool(columns["closed"]),
        )


@dataclass(frozen=True, slots=True)
class EpisodeOutline:
    """An episode as a list shows it: without its calls."""

    number: int
    """The order in which episodes were opened."""
    row: EpisodeRow
    exchanges: int
    """How often the user was spoken to in it, without what it shares with its parent."""
    calls: int
    """How many it has, those that it shares with its parent included."""
    verdict: bytes | None
    """The verdict that is kept with it."""


class StoredEvent(NamedTuple):
    """An event of an episode's own log, without those that it shares with its parent."""

    step: int
    document: bytes
    """The event as JSON."""


class StoreStats(Record):
    """What a store holds."""

    episodes: int
    closed: int
    forks: int
    calls: int
    environments: dict[str, int]
    """Episodes by environment."""
    completions: int
    """Completions of models that are kept."""
    spent: dict[str, float]
    """What models have cost those who share the store, by what is counted; reservations that are not booked
    included."""
    bytes: int
    """Size of the store on disk, journal included."""
    reclaimable: int
    """Bytes that `vacuum` would give back."""


class PruneResult(Record):
    """Counts of a pruning; matched = removed + kept."""

    matched: int
    removed: int
    kept: int
    """Episodes that matched, but whose first calls a remaining fork still needs."""
    calls: int
    """Calls that went with the removed episodes."""


@dataclass(frozen=True, slots=True)
class PruneConditions:
    """Which episodes are pruned: those that match all conditions."""

    closed: bool = False
    """Only closed ones."""
    unused_since: int | None = None
    """Only those not used since then, in seconds since 1970."""
    environment: str | None = None
    """Only those of one environment."""


class EpisodeStore(CompletionStore, SpendingStore, Protocol):
    """Keeps episodes, their events, and the environments that they live in; what models answered, and what was spent.

    Every verb raises StoreError where the store cannot be read or written; nothing of it is there then.
    """

    @property
    def commits(self) -> int:
        """Transactions committed."""
        ...

    @property
    def written(self) -> int:
        """Statements committed by them."""
        ...

    async def add_environment(self, name: str, version: str, document: bytes) -> None:
        """Keep a version of an environment; one that is there already stays as it is."""
        ...

    async def environment(self, name: str, version: str) -> bytes | None:
        """The document of a version of an environment, or None."""
        ...

    async def add_episode(self, row: EpisodeRow, used: int, with_unanswered: bool = False) -> None:
        """Add an episode.

        Args:
            row: The episode.
            used: The time, in seconds since 1970.
            with_unanswered: Whether a fork takes over the unanswered calls before its step.

        Raises:
            ConflictError: there is an episode of that id.
            NotFoundError: its environment or its parent is not in the store.
        """
        ...

    async def episode(self, name: str) -> EpisodeRow | None:
        """An episode, or None."""
        ...

    async def episodes(self, after: str = "", limit: int = 100) -> Sequence[EpisodeRow]:
        """Episodes by id, from the first one behind `after`."""
        ...

    async def outlines(self, before: int | None = None, limit: int = 100) -> Sequence[EpisodeOutline]:
        """Episodes, the latest first, from the last one before a number."""
        ...

    async def data_version(self) -> int:
        """A number that is another one when anybody has written to the store since."""
        ...

    async def count_episodes(self) -> int:
        """The number of episodes."""
        ...

    async def close_episode(self, name: str) -> None:
        """Mark an episode as closed: no event can be appended to it any more."""
        ...

    async def append_event(self, episode: str, step: int, document: bytes, answered: str | None = None) -> None:
        """Append an event to an episode's own log.

        Args:
            episode: The episode.
            step: The step that the event is.
            document: The event as JSON.
            answered: The digest of an unanswered call that this event answers.

        Raises:
            ConflictError: the step is taken.
            ClosedError: the episode is closed.
            NotFoundError: there is no such episode, or none any more.
        """
        ...

    async def events(self, episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
        """The events of an episode's own log with `start <= step < end`, in order."""
        ...

    async def log_bytes(self, episode: str) -> int:
        """How many bytes the events of an episode's own log take."""
        ...

    async def count_beginning(self, prefix: str) -> int:
        """The number of episodes whose id begins so."""
        ...

    def note_use(self, episode: str, used: int) -> None:
        """Keep the time of an episode's latest use with the next commit; it does not matter if it is lost."""
        ...

    async def note_answer(self, episode: str, answer: str) -> None:
        """Keep what the agent told the user."""
        ...

    async def add_exchanges(self, episode: str, first: int, documents: Sequence[bytes]) -> None:
        """Append exchanges with the user to an episode's own conversation.

        Args:
            episode: The episode.
            first: The number of the first one, those that it shares with its parent included.
            documents: The exchanges as JSON.

        Raises:
            ConflictError: the number is taken.
        """
        ...

    async def exchanges(self, episode: str, end: int | None = None) -> Sequence[bytes]:
        """The exchanges of an episode's own conversation up to a number, in order."""
        ...

    async def note_verdict(self, episode: str, document: bytes) -> None:
        """Keep the verdict of an episode; a later one replaces it."""
        ...

    async def verdict(self, episode: str) -> bytes | None:
        """The verdict that was kept with an episode, or None."""
        ...

    async def add_unanswered(self, episode: str, step: int, digest: str, reason: str) -> None:
        """Keep a call that no model answered: any of them voids the run.

        Args:
            episode: The episode.
            step: The step that the call would have been.
            digest: The digest of the call.
            reason: Why there was no answer.
        """
        ...

    async def drop_unanswered(self, episode: str, digest: str) -> None:
        """Forget what nobody answered, since it was answered when it came again."""
        ...

    async def unanswered(self, episode: str) -> Mapping[str, str]:
        """Reasons of unanswered calls by digest of the call, in the order in which they came."""
        ...

    async def default_episode(self, environment: str, version: str, principal: str) -> str | None:
        """The episode that a principal gets in an environment if it names none; None if it has none yet."""
        ...

    async def claim_default(
        self, environment: str, version: str, principal: str, episode: str, instead_of: str | None
    ) -> str:
        """Make an episode a principal's default, unless another process was faster.

        Args:
            environment: The environment's id.
            version: The environment's version.
            principal: A digest of the credential, or empty for all clients without one.
            episode: The episode to use.
            instead_of: The default that it replaces, if there was one.

        Returns:
            The episode that is the default now.
        """
        ...

    async def add_session(self, environment: str, episode: str) -> None:
        """Let an episode be reached as an MCP session of an environment; the session's id is the episode's."""
        ...

    async def is_session(self, environment: str, episode: str) -> bool:
        """Whether an episode was opened as an MCP session of an environment."""
        ...

    async def check(self, now: int) -> None:
        """Write something that does not matter, to find out whether the store can be written."""
        ...

    async def stats(self) -> StoreStats:
        """Count what the store holds."""
        ...

    async def prune(self, conditions: PruneConditions, dry: bool = False) -> PruneResult:
        """Remove episodes with their calls; ancestors of a remaining fork stay.

        Args:
            conditions: Which episodes.
            dry: Count, and remove nothing.
        """
        ...

    async def vacuum(self) -> tuple[int, int]:
        """Give free space back to the disk; returns the bytes before and after."""
        ...
