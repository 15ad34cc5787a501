"""An explorer that is a language model: asked for all branches of a node at once."""

from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from string import Template
from typing import Any, cast

from toolworld.environments import ToolSpec
from toolworld.ground import JsonObject, Schema, closed_object, cut, digest, encode
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ask
from toolworld.rollout.trees.actions import FINISH, signature, with_seed_arguments
from toolworld.rollout.trees.explorer import Proposals, Rejected, Situation
from toolworld.rollout.trees.node import Action
from toolworld.rollout.trees.shown_path import shown_path

_PROMPT = Template((files("toolworld.rollout.trees") / "prompts" / "explore.md").read_text(encoding="utf-8"))
_TEMPERATURE, _MAX_TOKENS = 0.7, 1024
_USED_SHOWN, _USED_LENGTH = 40, 300
"""How many of the actions that were made are shown, the latest ones, and how much of each."""
_FORM: JsonObject = closed_object(
    {
        "actions": {
            "type": "array",
            "items": closed_object(
                {"intent": {"type": "string"}, "tool_name": {"type": "string"}, "parameters": {"type": "object"}}
            ),
        }
    }
)
_FORMAT = ResponseFormat(_FORM, "actions")


class ModelExplorer:
    """Proposes what a model proposes.

    Args:
        model: The model.
        observation_tokens: How many tokens of results it is shown.
        description: What seeds are.
        tips: How to explore.
        seed: Of its completions.
    """

    def __init__(
        self, model: Model, *, observation_tokens: int, description: str = "", tips: str = "", seed: int = 0
    ) -> None:
        self._model = model
        self._observation_tokens = observation_tokens
        self._description = f"\nWhat that is: {description}\n" if description else ""
        self._tips = f"\nHow to explore:\n{tips}\n" if tips else ""
        self._seed = seed

    async def propose(self, situation: Situation) -> Proposals:
        """Ask for as many different actions as there are branches; twice again where some cannot be used."""
        path = shown_path(situation.path, self._observation_tokens)
        reading = _Reading(situation)
        request = Request(
            (Message(role="user", content=self._prompt(situation, path.text)),),
            response_format=_FORMAT,
            temperature=_TEMPERATURE,
            max_tokens=_MAX_TOKENS,
            # another one for each place, and the same whenever it is asked for that place again
            seed=(self._seed + int(digest([situation.place])[:7], 16)) % 2**31,
        )
        asked = await ask(self._model, request, reading.problem_of)
        unread = [Rejected("unusable", one.why) for one in asked.rejected if one.why not in reading.complaints]
        return Proposals(
            reading.actions[: situation.width],
            reading.finished,
            [*reading.rejected, *unread],
            asked.usage,
            path.characters,
        )

    def _prompt(self, situation: Situation, path: str) -> str:
        return _PROMPT.substitute(
            content=situation.seed.content,
            description=self._description,
            tips=self._tips,
            path=path,
            used=_shown_actions(situation.used),
            elsewhere=_shown_actions(situation.elsewhere),
            tools=shown_tools(situation.tools),
            width=situation.width,
        )


def _shown_actions(actions: Sequence[Action]) -> str:
    lines = [
        cut(f"- {action.tool_name} {encode(action.parameters).decode()}", _USED_LENGTH)
        for action in actions[-_USED_SHOWN:]
    ]
    return "\n".join(lines) or "(none)"


def shown_tools(tools: Sequence[ToolSpec]) -> str:
    """Tools as a model reads them."""
    return "\n".join(tool.model_dump_json(include={"name", "description", "input_schema"}) for tool in tools)


class _Reading:
    """What can be used of a model's answers to one question, all of them together."""

    def __init__(self, situation: Situation) -> None:
        self.actions: list[Action] = []
        self.rejected: list[Rejected] = []
        self.complaints: set[str] = set()
        self.finished = False
        self._situation = situation
        self._known = {signature(action) for action in situation.used}

    @cached_property
    def _tools(self) -> dict[str, ToolSpec]:
        return {tool.name: tool for tool in self._situation.tools}

    def problem_of(self, completion: Completion) -> str | None:
        """What is wrong with an answer; what is not is kept."""
        proposed = cast("list[dict[str, Any]]", cast(JsonObject, completion.value)["actions"])
        problems = [self._take(one) for one in proposed]
        if self.finished or len(self.actions) >= self._situation.width:
            return None
        found = [problem for problem in problems if problem]
        missing = self._situation.width - len(self.actions)
        complaint = f"{'; '.join(found) or 'it proposes no action'}. Propose {missing} other actions, or `{FINISH}`."
        self.complaints.add(complaint)
        if not proposed:
            self.rejected.append(Rejected("no_action", "it proposes no action"))
        return complaint

    def _take(self, proposed: dict[str, Any]) -> str | None:
        """Keep an action that can be used; what is wrong with one that cannot."""
        name, parameters = str(proposed["tool_name"]).strip(), proposed["parameters"]
        if name == FINISH:
            self.finished = True
            return None
        tool = self._tools.get(name)
        if tool is None:
            return self._reject("unusable", f"there is no tool {name[:80]!r}")
        action = Action(tool_name=name, parameters=parameters, intent=str(proposed["intent"])[:1000])
        action = with_seed_arguments(action, tool, self._situation.seed.kwargs)
        wrong = Schema(tool.input_schema, name).error_in(action.parameters)
        if wrong is not None:
            return self._reject("unusable", f"invalid arguments for {name}: {wrong}")
        if signature(action) in self._known:
            return self._reject("repeated", f"{name} with these parameters was made already")
        self._known.add(signature(action))
        self.actions.append(action)
        return None

    def _reject(self, reason: str, why: str) -> str:
        self.rejected.append(Rejected(reason, why))
        return why
