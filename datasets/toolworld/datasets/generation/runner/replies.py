"""The log of replies: each is written down as soon as it comes, by the content of its request, and never paid twice."""

from pathlib import Path

from toolworld.datasets.generation.parts import Ok, Outcome, Reject
from toolworld.datasets.generation.runner.description import described
from toolworld.ground import Checkpoint, Record, digest
from toolworld.llm import Completion


class KeptReply(Record):
    """A line of the log: what a model replied to a request, or what came of a check that takes long."""

    key: str
    completion: Completion | None = None
    rejected: tuple[str, str] | None = None
    """Reason and detail of a check's rejection; None if it accepted."""


class ReplyLog:
    """Replies and checks by their content, in a JSONL file.

    Args:
        path: The file; a last line that was cut off is set aside.

    Raises:
        RecordError: the file cannot be used, or another process writes to it.
    """

    def __init__(self, path: Path) -> None:
        self._lines = Checkpoint(path, KeptReply, lambda line: str(line["key"]))

    def __enter__(self) -> "ReplyLog":
        return self

    def __exit__(self, *problem: object) -> None:
        self._lines.__exit__(None, None, None)

    def reply(self, key: str) -> Completion | None:
        """The reply to a request that was made before."""
        kept = self._lines.get(key)
        return kept.completion if kept else None

    def keep_reply(self, key: str, completion: Completion) -> None:
        """Write a reply down."""
        self._lines.append(key, KeptReply(key=key, completion=completion))

    def check(self, key: str) -> Outcome | None:
        """What came of a check that was made before."""
        kept = self._lines.get(key)
        return None if kept is None else Ok() if kept.rejected is None else Reject(*kept.rejected)

    def keep_check(self, key: str, outcome: Outcome) -> None:
        """Write down what came of a check."""
        rejected = (outcome.reason, outcome.detail) if isinstance(outcome, Reject) else None
        self._lines.append(key, KeptReply(key=key, rejected=rejected))


def check_key(validator: object, *content: object) -> str:
    """The key of a check: the validator with its settings, and what it looks at."""
    return "check " + digest([described(validator), *content])
