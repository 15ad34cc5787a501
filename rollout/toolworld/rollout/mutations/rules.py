"""What the policy forbids is done, or what it wants first is left out."""

from collections.abc import Collection
from dataclasses import replace

from toolworld.datasets import referred_calls
from toolworld.environments import Before
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.mutations.people import identifying_tools
from toolworld.rollout.players.script import ADDED, Script


async def forbidden_change(material: Material) -> Script | None:
    """What must not be done is done, where the tool lets it."""
    for call in material.task.truth.forbidden:
        run = await material.run((*material.made, call))
        if run is not None and run.events[-1].failure is None:
            calls = material.right.calls
            return replace(material.right, calls=(*calls, call), positions=(*range(len(calls)), ADDED), declines=False)
    return None


async def skipped_step(material: Material) -> Script | None:
    """What has to come before a change is left out, where the tool makes the change all the same."""
    for rule in material.runtime.environment.rules:
        if not isinstance(rule, Before) or rule.from_user:
            continue
        place = next((one for one in material.writes if material.made[one].name in rule.tools), None)
        skipped = [number for number, call in enumerate(material.made) if call.name in rule.first]
        if place is None or not skipped or place in skipped:
            continue
        found = without_places(material, skipped)
        kept = found.positions or ()
        run = await material.run([material.made[one] for one in kept])
        if run is not None and run.events[kept.index(place)].failure is None:
            return found
    return None


def skipped_identity(material: Material) -> Script | None:
    """Nobody asks who the user is: what the policy wants known of them is not looked up."""
    tools = identifying_tools(material.runtime)
    rules = [rule for rule in material.runtime.environment.rules if isinstance(rule, Before) and rule.from_user]
    bound = {name for rule in rules for name in rule.tools}
    places = [number for number, call in enumerate(material.made) if call.name in tools]
    needs_it = any(one.error is None and one.call.name in bound - tools for one in material.task.calls)
    return without_places(material, places) if places and needs_it else None


def without_places(material: Material, places: Collection[int]) -> Script:
    """The right script without some of its calls; what refers to their results says the values themselves."""
    kept = tuple(number for number in range(len(material.made)) if number not in places)
    calls = tuple(
        material.made[number]
        if referred_calls(material.right.calls[number].arguments) & {*places}
        else material.right.calls[number]
        for number in kept
    )
    return replace(material.right, calls=calls, positions=kept)
