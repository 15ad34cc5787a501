"""The cost of model calls: completions, tokens and dollars."""

from toolworld.ground import Record


class Usage(Record):
    """A number of completions, with their tokens and cost; usages are added with `+`, taken apart with `-`."""

    completions: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens served from the endpoint's prefix cache; included in `prompt_tokens`."""
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            completions=self.completions + other.completions,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(
            completions=self.completions - earlier.completions,
            prompt_tokens=self.prompt_tokens - earlier.prompt_tokens,
            cached_tokens=self.cached_tokens - earlier.cached_tokens,
            completion_tokens=self.completion_tokens - earlier.completion_tokens,
            cost_usd=self.cost_usd - earlier.cost_usd,
        )

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens
