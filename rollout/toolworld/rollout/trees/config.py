"""What a synthesis is set up with: a JSON or YAML file with the keys of AgentFlow Synthesis, and some more."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from toolworld.ground import (
    JsonObject,
    Record,
    digest,
)
from toolworld.rollout.trees.weights import ScoreWeights, weights_of

SANDBOX = "http://127.0.0.1:18890"
"""The address of AgentFlow's tool server, by its own default: what stands for it here runs in this process."""


def _joined(value: Any) -> Any:
    """Tips are a text, or a list of lines."""
    return "\n".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    """One name is a list of one."""
    return [value] if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    """An empty text is as good as none."""
    return None if value == "" else value


_WITHOUT_EFFECT = frozenset(
    {
        "api_key", "output_dir", "seeds_file", "number_of_seed", "concurrency", "synthesis_date", "sandbox_timeout",
        "resource_init_configs",
    }
)  # fmt: skip
"""Keys that say where and how fast; what resources are set up with is in the version of the environment."""
_OF_WRITING = frozenset(
    {
        "qa_examples", "synthesis_tips", "min_depth", "max_selected_traj", "path_similarity_threshold", "scores",
        "selection", "similarity", "questions_per_path", "min_hops", "solver_tries",
    }
)  # fmt: skip
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Word = Annotated[str | None, BeforeValidator(_nothing)]
Tips = Annotated[str, BeforeValidator(_joined)]
Count = Annotated[int, Field(ge=1)]


class Example(Record):
    """A question with its answer, as an example of style."""

    question: str
    answer: str


class SynthesisConfig(Record):
    """How questions are synthesized."""

    # what AgentFlow has
    seeds_file: Word = None
    """A JSONL file of seeds; without one, SEEDS_FILE of the environment says where."""
    output_dir: Word = None
    """Where the output goes; without it, OUTPUT_DIR of the environment, or `synthesis_results`."""
    available_tools: Names = ()
    """Names of tools, or their beginnings as `web_*`; by default all."""
    qa_examples: tuple[Example, ...] = ()
    sampling_tips: Tips = ""
    """Told to the model that explores."""
    synthesis_tips: Tips = ""
    """Told to the model that writes questions."""
    seed_description: str = ""
    """What seeds are, told to both."""
    model_name: Word = None
    """The model that explores and writes; without one, a scripted explorer and a grammar do."""
    api_key: Word = Field(default=None, repr=False)
    """Its key, as `${NAME}`. It is never written out."""
    base_url: Word = None
    """Its address, where it is not OpenAI's."""
    max_depth: Count = 5
    branching_factor: Count = 2
    """How many branches a node has that is less deep than `depth_threshold`; a deeper one has one."""
    depth_threshold: Annotated[int, Field(ge=0)] = 3
    min_depth: Count = 2
    """How deep a leaf must be to be selected."""
    max_selected_traj: Count = 3
    """How many paths of a seed are selected at most."""
    path_similarity_threshold: Annotated[float, Field(ge=0, le=1)] = 0.7
    """A path that is more similar to a selected one is not."""
    number_of_seed: Count | None = None
    """How many seeds are taken, the first ones."""
    resource_types: Names = ()
    """What tools look things up in: web, knowledge_base, document, database, filesystem; or environment, mcp."""
    resource_init_configs: dict[str, JsonObject] = Field(default_factory=dict)
    """The settings of each, under `content`."""
    sandbox_server_url: Literal["http://127.0.0.1:18890"] | None = None
    sandbox_auto_start: Literal[True] = True
    sandbox_config_path: None = None
    sandbox_timeout: Annotated[float, Field(gt=0)] = 120.0
    """How many seconds a call may take."""

    # what is our own
    explorer: Literal["auto", "model", "scripted"] = "auto"
    """Who explores; `auto`: the model, if one is named."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 64
    """How many seeds are worked on at once; as many requests are sent to the model at once."""
    max_calls: Count | None = None
    """How many calls a seed's tree has at most."""
    max_tokens: Count | None = None
    """How many tokens the model may take for a seed's tree."""
    observation_tokens: Count = 4000
    """How many tokens of the results of a path are shown to the model, the latest in full first."""
    scores: ScoreWeights | Literal["toolworld", "agentflow"] = "toolworld"
    """The weights of what paths are chosen by."""
    selection: Literal["farthest", "mmr", "score"] = "mmr"
    """How paths are chosen: the one farthest from those chosen, the best by score and distance, or by score alone."""
    similarity: Literal["calls", "steps", "nodes"] = "calls"
    """What paths share: calls with equal results, runs of tools, or nodes of the tree (as AgentFlow has it)."""
    questions_per_path: Annotated[int, Field(ge=1, le=20)] = 1
    min_hops: Annotated[int, Field(ge=1, le=20)] = 3
    """How many steps the reasoning of a question has at least."""
    solver_tries: Annotated[int, Field(ge=0, le=100)] = 0
    """How often the model tries each question with the tools, for its difficulty."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides what is drawn."""
    synthesis_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    """The date in the output; by default that of the day when it was begun."""
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The folder of the file that it was read from."""
        return self._folder

    def settings(self, stage: Literal["explored", "written"]) -> JsonObject:
        """What decides what comes out of a stage, key by key: without keys of models, places and how fast it goes."""
        left_out = _WITHOUT_EFFECT | (_OF_WRITING if stage == "explored" else frozenset[str]())
        return self.model_dump(mode="json", exclude={*left_out})

    def digest(self) -> str:
        """The SHA-256 of all that decides what comes out."""
        return digest(self.settings("written"))

    @property
    def weights(self) -> ScoreWeights:
        """The weights of the scores."""
        return weights_of(self.scores)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_depth > self.max_depth:
            raise ValueError(f"`min_depth` {self.min_depth} is more than `max_depth` {self.max_depth}")
        if self.model_name is None and (self.api_key or self.base_url):
            raise ValueError("`api_key` and `base_url` are of a model, and `model_name` names none")
        if self.model_name is None and self.explorer == "model":
            raise ValueError("`explorer: model` needs `model_name`")
        if self.model_name is None and self.solver_tries:
            raise ValueError("`solver_tries` needs `model_name`")
        left = [name for name in self.resource_init_configs if name not in self.resource_types]
        if left:
            raise ValueError(f"`resource_init_configs` has {left[0]!r}, which `resource_types` does not name")
        return self

    def at(self, folder: Path) -> Self:
        """The same, as read from a file in a folder."""
        self._folder = folder
        return self
