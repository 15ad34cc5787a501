"""Several validators as one."""

import inspect
from collections.abc import Sequence
from typing import Any

from toolworld.datasets.generation.parts import Instance, Ok, Outcome, Reject, parameter_names
from toolworld.ground import ToolworldError, reason_of


class AllOf:
    """The first rejection of several validators, each a class or a plain function."""

    def __init__(self, validators: Sequence[Any]) -> None:
        self._validators = tuple(validators)
        self.remembered = any(getattr(one, "remembered", False) for one in validators)

    async def validate(self, instruction: str, response: str, metadata: dict[str, Any] | None = None) -> Outcome:
        """Whether all of them accept the instance."""
        instance = Instance(instruction=instruction, response=response)
        for one in self._validators:
            outcome = await validated(one, instance, metadata or {})
            if isinstance(outcome, Reject):
                return outcome
        return Ok()


async def validated(validator: Any, instance: Instance, metadata: dict[str, Any]) -> Outcome:
    """What a validator in any form says of an instance: one of ours, one in Agora's form, or a plain function.

    One that raises rejects.

    Raises:
        ToolworldError: it cannot work at all, since no process can be started for instance.
    """
    validate = getattr(validator, "validate", validator)
    more = {"metadata": metadata} if "metadata" in parameter_names(validate) else {}
    try:
        said = validate(instance.instruction, instance.response, **more)
        return _as_outcome(await said if inspect.isawaitable(said) else said)
    except ToolworldError:
        raise
    except Exception as problem:  # noqa: BLE001 - validators are anybody's code
        return Reject("validator_failed", f"the validator failed: {reason_of(problem)}")


def _as_outcome(said: Any) -> Outcome:
    """A verdict in any form: `Ok`, `Reject`, whether it is valid, or the reason why it is not."""
    if isinstance(said, Reject):
        return Reject(str(said.reason), str(said.detail))
    if isinstance(said, Ok):
        return Ok()
    if isinstance(said, str) and said:
        return Reject("invalid", said)
    # A number counts as it does in Python, and a bool of numpy as one.
    says_yes = bool(said) if isinstance(said, int) or type(said).__name__ == "bool" else False
    return Ok() if says_yes else Reject("invalid", "the validator says that it is not valid")
