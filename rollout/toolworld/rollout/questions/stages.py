"""The two stages of a seed: exploring it, and writing questions over what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import anyio

from toolworld.environments import ToolSpec
from toolworld.ground import BudgetError, ToolworldError, reason_of
from toolworld.llm import Model, Usage
from toolworld.rollout.questions.counted_model import CountedModel
from toolworld.rollout.questions.grammar_writer import GrammarWriter
from toolworld.rollout.questions.model_writer import ModelWriter
from toolworld.rollout.questions.question import RejectedDraft, Writer
from toolworld.rollout.questions.records import NotReplayed, SeedQuestions
from toolworld.rollout.questions.solving import SynthesisHost
from toolworld.rollout.questions.writing import QuestionWriting, Written
from toolworld.rollout.trees.actions import usable_tools
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.explorer import Explorer
from toolworld.rollout.trees.grow import grow_tree
from toolworld.rollout.trees.model_explorer import ModelExplorer
from toolworld.rollout.trees.node import Tree
from toolworld.rollout.trees.replaying import replay_difference
from toolworld.rollout.trees.scripted_explorer import ScriptedExplorer
from toolworld.rollout.trees.seeds import Seed
from toolworld.rollout.trees.select import SelectedPath, leaves_to_select, select_paths


@dataclass(frozen=True)
class SynthesisModels:
    """The model of a synthesis, in its roles; all None where there is none."""

    explorer: Model | None = None
    writer: Model | None = None
    closed_book: Model | None = None
    solver: Model | None = None


@dataclass(frozen=True)
class Stages:
    """What is done with a seed.

    Args:
        config: The configuration.
        host: Has the environment.
        models: The models; by default none.
    """

    config: SynthesisConfig
    host: SynthesisHost
    models: SynthesisModels = SynthesisModels()

    @cached_property
    def tools(self) -> Sequence[ToolSpec]:
        """The tools that may be used.

        Raises:
            SpecError: a name stands for none.
        """
        return usable_tools(self.host.environment, self.config.available_tools)

    @cached_property
    def explorer(self) -> Explorer:
        """Who explores."""
        config = self.config
        if self.models.explorer is None or config.explorer == "scripted":
            return ScriptedExplorer(self.host.environment, config.seed_description, config.seed)
        return ModelExplorer(
            self.models.explorer,
            observation_tokens=config.observation_tokens,
            description=config.seed_description,
            tips=config.sampling_tips,
            seed=config.seed,
        )

    @property
    def explorer_name(self) -> str:
        """Who explores, by name."""
        is_scripted = self.models.explorer is None or self.config.explorer == "scripted"
        return "scripted" if is_scripted or self.models.explorer is None else self.models.explorer.name

    @property
    def writer_name(self) -> str:
        """Who writes, by name."""
        return "grammar" if self.models.writer is None else self.models.writer.name

    @cached_property
    def _calls(self) -> anyio.CapacityLimiter:
        """Limits the calls that all trees make at once."""
        return anyio.CapacityLimiter(self.config.concurrency)

    async def explore(self, number: int, seed: Seed) -> Tree:
        """Grow the tree of a seed; what ended it before it had a node is its error."""
        try:
            return await grow_tree(
                self.host, self.explorer, self.config, tools=self.tools, seed=seed, number=number, limiter=self._calls
            )
        except BudgetError:
            raise
        except ToolworldError as problem:
            return Tree(seed=number, seed_digest=seed.digest, content=seed.content, error=reason_of(problem))

    async def write(self, tree: Tree, seed: Seed) -> SeedQuestions:
        """Select paths that replay, and write questions over them.

        Raises:
            ModelError: a model does not answer.
            BudgetError: what may be spent is spent.
        """
        counted = [None if model is None else CountedModel(model) for model in self._asked]
        selected, lost = await self._selected(tree)
        written: list[Written] = []
        rejected: list[RejectedDraft] = []
        writing = QuestionWriting(self._writer(counted[0]), self.host, self.config, counted[1], counted[2])
        for one in selected:
            path = tree.path(tree.by_id[one.leaf])
            tried = 0
            for number in range(self.config.questions_per_path):
                taken = [kept.question.draft for kept in written]
                found, drafts = await writing.of_path(seed, path, number, taken, tried=tried)
                tried += len(drafts) + (found is not None)
                rejected += drafts
                written += [found] if found else []
        return SeedQuestions(
            seed=tree.seed,
            seed_digest=seed.digest,
            candidates=len(leaves_to_select(tree, self.config)),
            selected=tuple(selected),
            not_replayed=tuple(lost),
            asked=len(selected) * self.config.questions_per_path,
            written=tuple(written),
            rejected=tuple(rejected),
            usage=sum((model.usage for model in counted if model is not None), Usage()),
        )

    @property
    def _asked(self) -> tuple[Model | None, Model | None, Model | None]:
        return self.models.writer, self.models.closed_book, self.models.solver

    def _writer(self, model: Model | None) -> Writer:
        config = self.config
        if model is None:
            return GrammarWriter(config.min_hops, config.seed)
        return ModelWriter(
            model,
            min_hops=config.min_hops,
            observation_tokens=config.observation_tokens,
            description=config.seed_description,
            tips=config.synthesis_tips,
            examples=config.qa_examples,
            seed=config.seed,
        )

    async def _selected(self, tree: Tree) -> tuple[list[SelectedPath], list[NotReplayed]]:
        """The paths that are selected, of those that come out the same when they are played again."""
        lost: list[NotReplayed] = []
        replayed: set[str] = set()
        while True:
            without = frozenset(one.leaf for one in lost)
            selected = select_paths(tree, self.config, usable_tools=len(self.tools), without=without)
            before = len(lost)
            for one in selected:
                if one.leaf in replayed:
                    continue
                path = tree.path(tree.by_id[one.leaf])
                why = await replay_difference(self.host, path, self.config.seed, self.config.sandbox_timeout)
                if why is None:
                    replayed.add(one.leaf)
                else:
                    lost.append(NotReplayed(leaf=one.leaf, why=why))
            if len(lost) == before:
                return selected, lost
