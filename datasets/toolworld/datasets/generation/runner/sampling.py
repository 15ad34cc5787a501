"""Sampling parameters as users write them, and the request that follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolworld.ground import JsonValue, UsageError, encode
from toolworld.llm import Message, Request, ResponseFormat

_OWN = ("max_tokens", "temperature")
_NOT_HERE = ("model", "messages", "n", "stream", "tools", "seed", "response_format", "max_completion_tokens")


@dataclass(frozen=True)
class Sampling:
    """How replies are sampled: the parameters of Agora's `sampling_params`."""

    max_tokens: int = 4096
    temperature: float = 1.0
    more: tuple[tuple[str, JsonValue], ...] = ()
    """Parameters that are sent as they are: `top_p`, `stop`, and whatever else the endpoint knows."""

    @classmethod
    def of(cls, parameters: Mapping[str, Any] | None) -> "Sampling":
        """Read parameters.

        Raises:
            UsageError: one cannot be chosen here, or is none.
        """
        given = dict(parameters or {})
        refused = [name for name in given if name in _NOT_HERE]
        if refused:
            raise UsageError(f"sampling_params cannot have {', '.join(refused)}: the runner decides that")
        tokens, temperature = given.pop("max_tokens", cls.max_tokens), given.pop("temperature", cls.temperature)
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
            raise UsageError(f"sampling_params: max_tokens is a whole number from 1, and not {tokens!r}")
        if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
            raise UsageError(f"sampling_params: temperature is from 0 to 2, and not {temperature!r}")
        encode(given)
        return cls(tokens, float(temperature), tuple(sorted(given.items())))

    def request(self, system: str, prompt: str, seed: int, response_format: ResponseFormat | None = None) -> Request:
        """The request of a prompt."""
        messages = (Message(role="system", content=system), Message(role="user", content=prompt))
        return Request(
            messages if system else messages[1:],
            response_format=response_format,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=seed,
            sampling=self.more,
        )
