"""The actions of other tools in a sentence."""

import re

from toolworld.environments import Environment, ToolSpec
from toolworld.ground import humanize
from toolworld.judges.consent.proposal import is_proposed
from toolworld.judges.facts.mention import names_action, speaks_of
from toolworld.judges.facts.reading import Reading


class OtherActions:
    """Finds in a sentence what tools do that change something, other than the one of a call.

    Args:
        environment: The environment with the tools.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def has_another(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the action of another tool that changes something in full, and not this one's."""
        return not names_action(tool.name, sentence.text) and bool(self._verbs_in(tool, sentence))

    def has_another_verb(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the verb of another tool that changes something, as it is, and not this one's."""
        verbs = {humanize(other.name).split()[0] for other in self._environment.tools if other.effect == "write"}
        others = verbs - {humanize(tool.name).split()[0]}
        return not speaks_of(tool.name, sentence.text) and any(
            re.search(rf"\b{re.escape(verb)}\b", sentence.text, re.I) for verb in others
        )

    def _verbs_in(self, tool: ToolSpec, sentence: Reading) -> set[str]:
        """The verbs of other tools whose actions a sentence has in full, as something to do: a `drafted letter` is
        none."""
        return {
            verb
            for other in self._environment.tools
            if other.effect == "write" and other.name != tool.name
            for verb in [humanize(other.name).split()[0]]
            if names_action(other.name, sentence.text) and re.search(rf"\b{verb}(?:ing)?\b", sentence.text, re.I)
        }

    def is_of_another(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has another tool's action in full and this one's in passing, as the text of a ticket."""
        if names_action(tool.name, sentence.text):
            return False
        verb, *_ = humanize(tool.name).split()
        verbs = self._verbs_in(tool, sentence)
        return verb in verbs or (bool(verbs) and not is_proposed(tool, sentence))

    def speaks_of_another(self, tool: ToolSpec, sentence: Reading) -> bool:
        """Whether a sentence has the verb of another tool that changes something."""
        verbs = {humanize(other.name).split()[0] for other in self._environment.tools if other.effect == "write"}
        verbs.discard(humanize(tool.name).split()[0])
        return any(re.search(rf"\b{re.escape(verb)}(?:ing)?\b", sentence.text, re.IGNORECASE) for verb in verbs)
