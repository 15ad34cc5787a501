"""The addresses that pages lead to: records of a state, and turns, calls and states of a run."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set

from toolworld.environments import Event, Insert, place_of
from toolworld.server.viewer.html.addresses import anchor, initial_state_path, query, run_path, state_path
from toolworld.server.viewer.html.values import FindRecord
from toolworld.server.viewer.pages.run import Turn
from toolworld.server.viewer.runs.row import RunRow


class StateLinks(ABC):
    """Addresses of records.

    Args:
        root: The way to the site's root.
        served: Whether any state and any collection can be asked for; else only what is written is there.
        keys: The collection of each key.
    """

    def __init__(self, root: str, served: bool, keys: Mapping[str, str]) -> None:
        self.root = root
        self.served = served
        self.keys = keys

    @abstractmethod
    def state_address(self, step: int) -> str:
        """The state after so many calls."""

    @abstractmethod
    def to_step(self, step: int) -> str:
        """The call of a step."""

    def record_address(self, step: int, collection: str, key: str) -> str:
        """A record in the state after so many calls."""
        if not key:
            return f"{self.state_address(step)}#{anchor('value', collection)}"
        asked = query(collection=collection, record=key) if self.served else ""
        return f"{self.state_address(step)}{asked}#{anchor(collection, key)}"

    def find_record(self, step: int) -> FindRecord:
        """Finds the record that a text is the key of, in the state after so many calls."""

        def find(text: str) -> str | None:
            collection = self._collection_of(text, step)
            return self.record_address(step, collection, text) if collection else None

        return find

    def _collection_of(self, key: str, step: int) -> str | None:
        """The collection that has a key in the state after so many calls."""
        del step
        return self.keys.get(key)


class InitialStateLinks(StateLinks):
    """Addresses in the initial state of an environment."""

    def __init__(self, root: str, served: bool, keys: Mapping[str, str], environment: str) -> None:
        super().__init__(root, served, keys)
        self._path = initial_state_path(environment)

    def state_address(self, step: int) -> str:
        """The initial state: there is no other."""
        del step
        return f"{self.root}{self._path}"

    def to_step(self, step: int) -> str:
        """The anchor of a call, of which an initial state has none."""
        return f"#s-{step}"


class RunLinks(StateLinks):
    """Addresses in a run, as seen from a page of it.

    Args:
        root: The way to the site's root.
        served: Whether any state can be asked for; else only those after a change are there.
        keys: The collection of each key of the initial state.
        row: The run.
        log: Its calls.
        pages: The turns by page.
        initial: The page of the initial state, where records are that no call has changed; None where there is none.
        here: The number of the page that is shown; 0 for one of a state.
        collections: The names of the environment's collections.
    """

    def __init__(
        self,
        root: str,
        served: bool,
        keys: Mapping[str, str],
        *,
        row: RunRow,
        log: Sequence[Event],
        pages: Sequence[Sequence[Turn]],
        here: int,
        initial: str | None = None,
        collections: Set[str] = frozenset(),
    ) -> None:
        super().__init__(root, served, keys)
        inserts = ((event.step, op) for event in log for op in event.ops if isinstance(op, Insert))
        self._made = {op.key: (op.collection, step) for step, op in inserts}
        self.row = row
        self.log = log
        self._initial = initial
        self._collections = collections
        self._first_change = {place_of(op): event.step for event in reversed(log) for op in event.ops}
        self.here = here
        numbered = [(number, turn) for number, page in enumerate(pages, start=1) for turn in page]
        self._page_of_turn = {turn.number: number for number, turn in reversed(numbered)}
        self._page_of_step = {
            call.step: number for number, turn in numbered for call in turn.calls if call.step is not None
        }

    def record_address(self, step: int, collection: str, key: str) -> str:
        """A record in the state after so many calls, nowhere if there is no such collection.

        Of written states, each has only what changed.
        """
        if key and collection not in self._collections:
            return ""
        changed_at = self._first_change.get(f"{collection}/{key}" if key else collection)
        if self.served or self._initial is None or (changed_at is not None and changed_at < step):
            return super().record_address(step, collection, key)
        return f"{self.root}{self._initial}#{anchor(collection, key) if key else anchor('value', collection)}"

    def _collection_of(self, key: str, step: int) -> str | None:
        if key in self.keys:
            return self.keys[key]
        collection, made_at = self._made.get(key, (None, 0))
        return collection if made_at < step else None

    def to_step(self, step: int) -> str:
        """The call of a step."""
        return f"{self._page(self._page_of_step.get(step, 1))}#s-{step}"

    def to_turn(self, turn: int) -> str:
        """A turn of the conversation."""
        return f"{self._page(self._page_of_turn.get(turn, 1))}#t-{turn}"

    def _page(self, number: int) -> str:
        """The way to a page of the run; nothing where it is this one."""
        return "" if number == self.here else f"{self.root}{run_path(*self.row.place, number)}"

    def state_address(self, step: int) -> str:
        """The state after so many calls."""
        return f"{self.root}{state_path(*self.row.place, step if self.served else self._written_step(step))}"

    def _written_step(self, step: int) -> int:
        """The number of calls after which the state was the same and is written: after the last change before."""
        return next((event.step + 1 for event in reversed(self.log[:step]) if event.ops), 0)
