"""Every request that there is, described once: what is sent, and how the answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

from toolworld_client.errors import RefusedError, ToolworldError, VoidRun
from toolworld_client.records import Environment, Heard, Json, Result, Task, Verdict

T = TypeVar("T")
PAGE = 1000
"""Items of a list that are asked for at a time."""


def _same(told: Any) -> Any:
    return told


@dataclass(frozen=True)
class Request(Generic[T]):
    """A request, which can be sent again safely when its answer was lost.

    Calls name their step, and words their exchange; an episode that was opened twice is one too many, and harmless.
    """

    method: str
    path: str
    read: Callable[[Any], T] = field(default=_same)
    body: Json = None

    @property
    def content(self) -> bytes | None:
        """The body as bytes.

        Raises:
            RefusedError: it cannot be written, as the server would refuse it.
        """
        try:
            return None if self.body is None else json.dumps(self.body).encode()
        except (TypeError, ValueError, RecursionError) as problem:
            raise RefusedError(f"this cannot be written as JSON: {problem}", 422) from None

    def answered(self, status: int, body: bytes, was_repeated: bool) -> T:
        """Read an answer.

        Raises:
            RefusedError: the server refused the request.
            VoidRun: something could not be simulated.
            ToolworldError: no toolworld server answers like this.
        """
        try:
            told: Json = json.loads(body) if body else None
        except ValueError:
            told = None
        if status < 300 and (told is not None or status == 204):
            return self.read(told)
        refusal = cast("dict[str, Json]", told) if isinstance(told, dict) else {}
        if "error" not in refusal:
            raise ToolworldError(
                f"{self.method} {self.path} is answered with status {status}, as no toolworld server does"
            )
        if refusal.get("void"):
            raise VoidRun(str(refusal["error"]))
        raise RefusedError(str(refusal["error"]), status, was_repeated, refusal.get("next"))


def environments(after: str) -> Request[list[Environment]]:
    """A page of environments, behind the id that was seen last."""

    def read(told: list[Json]) -> list[Environment]:
        names = ("id", "version", "title", "description", "tasks")
        return [Environment(**{name: one[name] for name in names}) for one in told]

    return Request("GET", f"/environments?limit={PAGE}&after={quote(after, safe='')}", read)


def tasks(environment: str, after: str) -> Request[list[Task]]:
    """A page of an environment's tasks, behind the id that was seen last."""
    path = f"/environments/{quote(environment, safe='')}/tasks?detail=1&limit={PAGE}&after={quote(after, safe='')}"
    return Request("GET", path, lambda told: [Task.read(one) for one in told])


def task(name: str) -> Request[Task]:
    """A task by its id."""
    if any(part in (".", "..") for part in name.split("/")):  # HTTP clients take them for steps up in the path
        raise ToolworldError(f"{name!r} is no id of a task, such as library/renew_one")
    return Request("GET", f"/tasks/{quote(name)}", Task.read)


def opening(body: Json) -> Request[list[Json]]:
    """Open episodes; the answer tells of each."""

    def read(told: Json) -> list[Json]:
        return cast("list[Json]", told) if isinstance(told, list) else [told]

    return Request("POST", "/episodes", read, body)


def shown(episode: str) -> Request[Json]:
    """An episode as it is now."""
    return Request("GET", _of(episode))


def tools(episode: str) -> Request[Json]:
    """An episode's tools, and its policy."""
    return Request("GET", _of(episode, "/tools"))


def call(episode: str, name: str, arguments: Json, step: int) -> Request[Result]:
    """Make a call, which is the step that is named, and no other."""
    body = {"name": name, "arguments": arguments, "step": step}
    return Request("POST", _of(episode, "/calls"), Result.read, body)


def say(episode: str, said: str, exchange: int) -> Request[Heard]:
    """Say something to the user."""

    def read(told: Json) -> Heard:
        return Heard(told["reply"] or "", told["done"], told["steps"])

    return Request("POST", _of(episode, "/user"), read, {"said": said, "exchange": exchange})


def fork(episode: str, step: int | None) -> Request[Json]:
    """Open an episode that shares this one's first calls."""
    return Request("POST", _of(episode, "/fork"), body={"step": step})


def verdict(episode: str, answer: str | None, messages: Sequence[Json] | None, if_unclear: str) -> Request[Verdict]:
    """Judge an episode."""
    heard = None if messages is None else [*messages]
    body = {"answer": answer, "messages": heard, "if_unclear": if_unclear}
    return Request("POST", _of(episode, "/verdict"), Verdict.read, body)


def kept_verdict(episode: str) -> Request[Verdict]:
    """The verdict that an episode was given last."""
    return Request("GET", _of(episode, "/verdict"), Verdict.read)


def part(episode: str, name: str) -> Request[Json]:
    """The state, the diff, the log or the trajectory of an episode."""
    return Request("GET", _of(episode, f"/{name}"))


def closing(episode: str) -> Request[None]:
    """Close an episode: its log stays, calls are refused."""
    return Request("DELETE", _of(episode))


def _of(episode: str, rest: str = "") -> str:
    return f"/episodes/{quote(episode, safe='')}{rest}"
