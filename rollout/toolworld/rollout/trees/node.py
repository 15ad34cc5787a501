"""Trees as records: nodes by their place, and what was lost while they grew."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from toolworld.ground import JsonValue, Record
from toolworld.llm import Usage


class Action(Record):
    """A call, and why it is made."""

    tool_name: str
    parameters: dict[str, JsonValue]
    intent: str = ""


class Node(Record):
    """A call that was made, with its result."""

    id: str
    """Its place: `s3/0.1.0` is the first branch of the second branch of the first branch of seed 3."""
    episode: str
    """The episode in which it was made: a branch is a fork, and the first branch goes on in its parent's episode."""
    step: int
    """The step of that episode's log, from 0."""
    action: Action
    observation: str
    """The whole result as a model reads it, or why the call failed."""
    result: JsonValue = None
    failure: str | None = None
    changes: int = 0
    """How many ops the call made."""
    digest: str
    """Of result, failure and ops."""
    shown: int | None = None
    """How many characters of the results before it were shown to the model that chose it; None without a model."""

    @property
    def depth(self) -> int:
        """How many calls the path to it has."""
        return self.id.count(".") + 1

    def is_above(self, place: str) -> bool:
        """Whether a place is this node's, or one that grew from it."""
        return place == self.id or place.startswith(f"{self.id}.")

    @property
    def parent(self) -> str | None:
        """The id of the node before it; None at the root."""
        return self.id.rpartition(".")[0] or None


class Lost(Record):
    """A branch that was not made, and why."""

    at: str
    """The node, or the root, that it would have grown from."""
    count: int
    reason: str
    """`finished`, `no_action`, `repeated`, `unusable`, `calls_spent`, `tokens_spent`, `call_failed`
    or `not_forked`."""
    why: str = ""


class Tree(Record):
    """What was explored from a seed."""

    seed: int
    """The number of the seed, from 1."""
    seed_digest: str
    """Of the seed's content and arguments."""
    content: str
    nodes: tuple[Node, ...] = ()
    """By their places."""
    lost: tuple[Lost, ...] = ()
    usage: Usage = Usage()
    """Of the model that explored."""
    error: str | None = None
    """Why it could not grow, where nothing did."""

    @property
    def root_id(self) -> str:
        """The id of the root."""
        return f"s{self.seed}"

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """The nodes by id."""
        return {node.id: node for node in self.nodes}

    @property
    def leaves(self) -> Iterator[Node]:
        """The nodes that no other grew from."""
        inner = {node.parent for node in self.nodes}
        return (node for node in self.nodes if node.id not in inner)

    def path(self, leaf: Node) -> list[Node]:
        """The nodes from the first call to a leaf, without the root."""
        parts = leaf.id.split(".")
        return [self.by_id[".".join(parts[:count])] for count in range(1, len(parts) + 1)]


def place_key(node: Node) -> tuple[int, ...]:
    """What nodes are sorted by: their places, number by number."""
    seed, _, places = node.id.partition("/")
    return (int(seed[1:]), *map(int, places.split(".")))


def in_order(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Nodes by their places."""
    return tuple(sorted(nodes, key=place_key))
