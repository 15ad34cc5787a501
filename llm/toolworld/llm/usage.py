"""What model calls cost."""

from toolworld.ground import Record


class Usage(Record):
    """Completions, tokens and money; adds up with `+`."""

    completions: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Those of the prompt that the endpoint had at hand from an earlier one."""
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

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.prompt_tokens + self.completion_tokens
