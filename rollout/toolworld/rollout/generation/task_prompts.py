"""Prompts that ask for a new task in an environment, or for a draft to be mended."""

from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from toolworld.datasets import Demonstration, Draw, PromptResult, SeedRow, Task
from toolworld.environments import Runtime
from toolworld.ground import JsonValue, SpecError, digest, encode, shortened
from toolworld.rollout.evolution.turn import shown_tools

_FOLDER = files("toolworld.rollout.generation") / "prompts"
_RECORDS, _RECORD_CHARACTERS, _EXAMPLES = 4, 600, 3


class TaskPromptLoader:
    """Prompts that ask for a new task: tools, rules, some records, and tasks that exist or were accepted.

    Args:
        runtime: The environment.
        tasks: Its tasks; a new one may not nearly repeat the request of any.
    """

    uses_accepted = True

    def __init__(self, runtime: Runtime, tasks: Sequence[Task]) -> None:
        self._runtime = runtime
        self._tasks = [*tasks]
        self.draw = Draw()
        self.seeds = tuple(
            Demonstration(f"seed/{place}", task.request, shown_calls(task)) for place, task in enumerate(tasks)
        )

    @property
    def described_as(self) -> JsonValue:
        """What decides its prompts."""
        tasks: list[JsonValue] = [digest(one.json_bytes().decode()) for one in self._tasks]
        return ["TaskPromptLoader", self._runtime.environment.version, tasks]

    def prepare(self) -> PromptResult:
        """The next prompt."""
        return self.prompt("")

    def prompt(self, again: str) -> PromptResult:
        """The prompt of the present draw.

        Args:
            again: What is said of a draft that has to be mended.
        """
        environment, random = self._runtime.environment, self.draw.random
        accepted = self.draw.accepted
        known = [*self.seeds, *(accepted[len(accepted) - back] for back in range(min(len(accepted), _EXAMPLES), 0, -1))]
        shown = random.sample(known, min(_EXAMPLES, len(known)))
        text = _template("new_task").substitute(
            title=environment.title,
            description=environment.description,
            policy=environment.policy.strip(),
            tools=shown_tools(environment.tools_of("agent")),
            records=self._records(),
            examples="\n".join(f"{one.instruction}\n{one.response}" for one in shown) or "(none)",
            again=again,
        )
        return PromptResult(text.rstrip("\n"), {"demonstrations": [one.id for one in shown]})

    def _records(self) -> str:
        """Some records of each collection, drawn, so that other tasks are about other records."""
        state, lines = self._runtime.start.state, list[str]()
        for name in self._runtime.environment.state_schema.collections:
            rows = [*state.rows(name)]
            for key, record in self.draw.random.sample(rows, min(_RECORDS, len(rows))):
                text = encode(dict(record)).decode()
                lines.append(f"{name} {key}: {shortened(text, _RECORD_CHARACTERS)}")
        return "\n".join(lines) or "(none)"


class DraftRepairPromptLoader:
    """Prompts that ask for rejected drafts to be mended.

    Args:
        loader: The loader of new tasks, whose prompt says what a task has to be.
        rows: Rejected drafts: with `reply`, and `detail` or `reason`, as a run's `.rejected.jsonl` has them.

    Raises:
        SpecError: a row is no rejected draft.
    """

    def __init__(self, loader: TaskPromptLoader, rows: Sequence[SeedRow]) -> None:
        self.loader, self.seed_data = loader, [*rows]
        for number, row in enumerate(self.seed_data):
            if not isinstance(row.get("reply"), str) or not row.get("reason"):
                raise SpecError(f"row {number} is no rejected draft: it has no `reply` or no `reason`")

    @property
    def described_as(self) -> JsonValue:
        """What decides its prompts."""
        return ["DraftRepairPromptLoader", self.loader.described_as, digest(encode(self.seed_data).decode())]

    @property
    def draw(self) -> Draw:
        """What the next prompt depends on."""
        return self.loader.draw

    @draw.setter
    def draw(self, draw: Draw) -> None:
        self.loader.draw = draw

    def prepare(self, index: int) -> PromptResult:
        """The prompt of a row.

        Raises:
            StopIteration: there are no more rows.
        """
        if index >= len(self.seed_data):
            raise StopIteration("there are no more rows")
        row = self.seed_data[index]
        why = f"{row['reason']}: {row.get('detail') or ''}".rstrip(": ")
        made = self.loader.prompt(_template("again").substitute(why=why, draft=row["reply"]))
        metadata: dict[str, Any] = {"index": index, "mended": why, **made.metadata}
        return PromptResult(made.prompt, metadata)


def shown_calls(task: Task) -> str:
    """The calls of a task as a draft writes them."""
    calls: list[JsonValue] = []
    for one in task.calls:
        call = one.written or one.call
        calls.append({"name": call.name, "arguments": dict(call.arguments)})
    return encode(calls).decode()


def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.md").read_text(encoding="utf-8"))
