"""What a generator has learned on its way, so that it can go on from there in another process."""

from pydantic import Field

from toolworld.ground import Record


class SamplerExperience(Record):
    """What was found out about one environment."""

    tried: dict[str, int] = Field(default_factory=dict)
    """How often each tool was tried."""
    used: dict[str, int] = Field(default_factory=dict)
    """How often it was of use."""
    unseen: tuple[tuple[str, str], ...] = ()
    """Values of which nobody sees what they are, by tool and parameter."""
    unidentified: tuple[tuple[str, str], ...] = ()
    """People who could not be identified, by collection and key."""
    ways: tuple[tuple[str, str, int], ...] = ()
    """How often each way was followed in vain, by way and collection."""
    places: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """The characters of a secret that a tool asks for."""


class Experience(Record):
    """What a generator has learned."""

    number: int = 0
    """The number of the next try."""
    tried: dict[str, int] = Field(default_factory=dict)
    """How often each environment was tried, and each mode in it."""
    kept: dict[str, int] = Field(default_factory=dict)
    """How often that became a task."""
    environments: dict[str, SamplerExperience] = Field(default_factory=dict)
