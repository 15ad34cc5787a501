"""The generator: stages that ask a model, each with a file of lines that a later run goes on from.

A finished question is in its file and is not asked again; completions are cached beside them, so that no answer is paid
for twice. What is made depends on the model, the fields, the number, the seed and the temperature, on what copies are
found by and on whether the type checker is installed; not on when something was answered or where a run was stopped.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from toolworld.environments.catalogue.duplicates import text_of_environment
from toolworld.environments.spec.environment import Environment
from toolworld.environments.synthesis.generator.checks import check_ideas, check_part, with_part
from toolworld.environments.synthesis.generator.lines import STAGES, Stage, StageLine
from toolworld.environments.synthesis.generator.questions import FORMATS, first_draft, request_of, shown_draft
from toolworld.environments.synthesis.generator.similarity import copies
from toolworld.environments.synthesis.generator.slots import FieldPlan, environment_name
from toolworld.ground import (
    Checkpoint,
    JsonObject,
    JsonValue,
    Record,
    RecordError,
    ToolworldError,
    encode,
    run_jobs,
)
from toolworld.llm import Completion, Embedder, Model, Request, Usage, ask

ENVIRONMENT_COPIES = 0.92
"""From which share of words on an environment is a copy of an earlier one."""


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """What is grown, and where."""

    plans: Sequence[FieldPlan]
    folder: Path
    """Where the files of the stages are."""
    seed: int = 0
    temperature: float = 0.7
    concurrency: int = 8


class Rejection(Record):
    """An environment that was asked for and is not delivered."""

    slot: str
    stage: Stage
    why: str


class StageCounts(Record):
    """What a stage did."""

    stage: Stage
    asked: int
    """Questions, those of earlier runs included."""
    answered: int
    """Of which an answer could be used."""
    repaired: int
    """Of those, with a first answer that could not."""
    usage: Usage


@dataclass(slots=True)
class Grown:
    """What has been grown so far."""

    environments: list[Environment] = field(default_factory=list[Environment])
    rejected: list[Rejection] = field(default_factory=list[Rejection])
    counts: list[StageCounts] = field(default_factory=list[StageCounts])


@dataclass(frozen=True, slots=True)
class _Question:
    """A question of a stage: what is shown, and how its answer is checked."""

    id: str
    shown: Mapping[str, str]
    check: Callable[[JsonObject], Awaitable[JsonObject]]


OnLine = Callable[[Stage, StageLine, int], None]
"""Told of each line, and of how many questions its stage has."""


class Generator:
    """Grows environments from fields.

    Args:
        options: What is grown.
        model: The model that is asked; None to see what earlier runs have made.
        embedder: Finds descriptions that mean the same; without one, those that share most of their words are found.
        on_line: Told of each line as it is written.
    """

    def __init__(
        self, options: GeneratorOptions, model: Model | None, embedder: Embedder | None, on_line: OnLine | None = None
    ) -> None:
        self._options = options
        self._model = model
        self._embedder = embedder
        self._on_line = on_line
        self._grown = Grown()
        slots = [(plan.id, *one) for plan in options.plans for one in plan.slots]
        self._places = {slot: place for place, (*_, slot) in enumerate(slots)}
        self._below: dict[str, list[str]] = {}
        """The slots of each field, of each subfield, and each slot itself."""
        for parts in slots:
            for part in parts:
                self._below.setdefault(part, []).append(parts[-1])

    async def grow(self, only: Stage | None = None) -> Grown:
        """Go through the stages.

        Args:
            only: The one stage that is asked; those before it are read, and must be complete.

        Raises:
            RecordError: a file of a stage cannot be read or was made with other settings, or a stage before `only` is
                not complete.
            ModelError: the model does not answer; what was finished is kept.
            BudgetError: the budget is spent; what was finished is kept.
        """
        self._grown = Grown()
        scenarios = await self._scenarios(only)
        drafts = {slot: first_draft(slot, plan.field, one) for slot, (plan, one) in scenarios.items()}
        for stage in STAGES[2:]:
            if only is not None and STAGES.index(stage) > STAGES.index(only):
                break
            questions = [self._part(stage, slot, draft, scenarios[slot][1]) for slot, draft in drafts.items()]
            lines = await self._run(stage, questions, only)
            drafts = self._continued(stage, drafts, lines)
        if only is None or only == STAGES[-1]:
            self._grown.environments = self._without_copies(list(drafts.items()))
            self._list_lost(self._grown.environments)
        self._grown.rejected.sort(key=lambda one: self._places[one.slot])
        return self._grown

    @property
    def grown(self) -> Grown:
        """What has been grown, also where a run was stopped."""
        return self._grown

    async def _scenarios(self, only: Stage | None) -> dict[str, tuple[FieldPlan, JsonObject]]:
        """The scenario of each environment."""
        plans = {plan.id: plan for plan in self._options.plans}
        asked = [self._subfields(plan) for plan in plans.values()]
        ideas = self._ideas("subfields", await self._run("subfields", asked, only), "name")
        if only == "subfields":
            return {}
        found = [(plan, place) for plan in plans.values() for place in plan.subfields if place in ideas]
        questions = [self._scenario(plan, place, ideas[place]) for plan, place in found]
        kept = self._ideas("scenarios", await self._run("scenarios", questions, only), "title")
        return {slot: (plan, kept[slot]) for plan in plans.values() for _, slot in plan.slots if slot in kept}

    def _subfields(self, plan: FieldPlan) -> _Question:
        count = len(plan.counts)
        shown = {"field": plan.field, "count": str(count)}
        return _Question(plan.id, shown, partial(self._check_ideas, "subfields", "name", count))

    def _scenario(self, plan: FieldPlan, place: str, subfield: JsonObject) -> _Question:
        count = plan.counts[int(place.rpartition(".")[2]) - 1]
        shown = {
            "field": plan.field,
            "subfield": f"{subfield['name']}: {subfield['summary']}",
            "count": str(count),
        }
        return _Question(place, shown, partial(self._check_ideas, "scenarios", "title", count))

    async def _check_ideas(self, stage: Stage, title: str, count: int, value: JsonObject) -> JsonObject:
        ideas = cast("list[JsonObject]", value[stage])[:count]  # more than were asked for are left
        texts = [f"{one[title]}: {one['summary']}" for one in ideas]
        return {stage: [*check_ideas(ideas, count, copies(texts, self._embedder), title)]}

    def _ideas(self, stage: Stage, lines: Sequence[StageLine], title: str) -> dict[str, JsonObject]:
        """The ideas of all lines by id, without copies of those of other lines; what is lost is listed."""
        found: list[tuple[str, JsonObject]] = []
        for line in lines:
            if line.value is None:
                self._reject(line.id, stage, line.why or "")
                continue
            ideas = cast("list[JsonObject]", line.value[stage])
            found += [(f"{line.id}.{number}", idea) for number, idea in enumerate(ideas, start=1)]
        copied = copies([f"{idea[title]}: {idea['summary']}" for _, idea in found], self._embedder)
        for number, copy in copied.items():
            self._reject(found[number][0], stage, f"it is a copy of {found[copy.of][0]} ({copy.similarity:.2f})")
        return {place: idea for number, (place, idea) in enumerate(found) if number not in copied}

    def _reject(self, place: str, stage: Stage, why: str) -> None:
        """List every environment at or below a place as rejected."""
        self._grown.rejected += [Rejection(slot=slot, stage=stage, why=why) for slot in self._below[place]]

    def _part(self, stage: Stage, slot: str, draft: Environment, scenario: JsonObject) -> _Question:
        async def check(value: JsonObject) -> JsonObject:
            await check_part(stage, draft, value)
            return value

        return _Question(slot, shown_draft(draft, scenario), check)

    def _continued(
        self, stage: Stage, drafts: Mapping[str, Environment], lines: Sequence[StageLine]
    ) -> dict[str, Environment]:
        """The drafts with what a stage has added; those that got nothing are listed as rejected."""
        kept: dict[str, Environment] = {}
        for line in lines:
            if line.value is None:
                self._reject(line.id, stage, line.why or "")
            else:
                kept[line.id] = with_part(stage, drafts[line.id], line.value)
        return kept

    def _without_copies(self, made: Sequence[tuple[str, Environment]]) -> list[Environment]:
        """The environments that are no copies, by the words of their tools; the others are listed."""
        texts = [text_of_environment(one) for _, one in made]
        copied = copies(texts, None, shared_words=ENVIRONMENT_COPIES)
        for number, copy in copied.items():
            self._reject(made[number][0], "records", f"it is a copy of {made[copy.of][0]} ({copy.similarity:.2f})")
        return [one for number, (_, one) in enumerate(made) if number not in copied]

    def _list_lost(self, delivered: Sequence[Environment]) -> None:
        """List what is neither delivered nor rejected: the files of the stages were changed by hand."""
        told = {one.slot for one in self._grown.rejected} | {one.id for one in delivered}
        lost = [slot for slot in self._places if slot not in told and environment_name(slot) not in told]
        why = "the files of the stages have nothing of it"
        self._grown.rejected += [Rejection(slot=slot, stage="scenarios", why=why) for slot in lost]

    async def _run(self, stage: Stage, questions: Sequence[_Question], only: Stage | None) -> list[StageLine]:
        """The lines of a stage, asked or read."""
        path = self._options.folder / f"{STAGES.index(stage) + 1}_{stage}.jsonl"
        model = self._model if only in (None, stage) else None
        settings: dict[str, JsonValue] = {
            "seed": self._options.seed,
            "temperature": self._options.temperature,
            "copies": self._embedder.name if self._embedder is not None else "words",
            "plan": [[plan.id, plan.field, *plan.counts] for plan in self._options.plans],
            **({"model": model.name} if model is not None else {}),
        }
        with Checkpoint(path, StageLine, lambda line: str(line["id"]), settings) as lines:
            missing = [one.id for one in questions if lines.get(one.id) is None]
            if model is None and missing:
                raise RecordError(f"{path} has no answer for {missing[0]} yet: run the stage {stage} first")
            try:
                await run_jobs(
                    questions,
                    partial(self._ask, stage),
                    lines,
                    key=lambda one: one.id,
                    on_result=partial(self._told, stage, len(questions)),
                    concurrency=self._options.concurrency,
                )
            finally:
                done = [line for one in questions if (line := lines.get(one.id)) is not None]
                self._grown.counts.append(_counts(stage, done))
        for line in done:
            problem = None if line.value is None else FORMATS[stage].read(encode(line.value).decode())[1]
            if problem is not None:  # it was right when it was written
                raise RecordError(f"{path}: {line.id}: {problem}")
        return done

    async def _told(self, stage: Stage, count: int, question: _Question, line: StageLine) -> None:
        del question
        if self._on_line is not None:
            self._on_line(stage, line, count)

    async def _ask(self, stage: Stage, question: _Question) -> StageLine:
        """Ask a question; what is wrong with an answer goes back to the model, twice at most."""
        if self._model is None:
            raise RecordError(f"there is no model to ask for {question.id}")
        kept: list[JsonObject] = []

        async def find_problem(completion: Completion) -> str | None:
            try:
                kept[:] = [await question.check(cast(JsonObject, completion.value))]
            except ToolworldError as problem:
                return str(problem)
            return None

        asked = await ask(self._model, self._request(stage, question), find_problem)
        return StageLine(
            id=question.id,
            value=kept[0] if asked.accepted else None,
            why=None if asked.accepted else asked.rejected[-1].why,
            attempts=len(asked.rejected) + asked.accepted,
            rejected=asked.rejected,
            usage=asked.usage,
        )

    def _request(self, stage: Stage, question: _Question) -> Request:
        place = hashlib.sha256(f"{self._options.seed}:{stage}:{question.id}".encode()).digest()
        seed = int.from_bytes(place[:4], "big") >> 1
        return request_of(stage, question.shown, seed=seed, temperature=self._options.temperature)


def _counts(stage: Stage, lines: Sequence[StageLine]) -> StageCounts:
    usage = Usage()
    for line in lines:
        usage += line.usage
    answered = [line for line in lines if line.value is not None]
    return StageCounts(
        stage=stage,
        asked=len(lines),
        answered=len(answered),
        repaired=sum(line.attempts > 1 for line in answered),
        usage=usage,
    )
