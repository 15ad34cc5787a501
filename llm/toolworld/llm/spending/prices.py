"""What tokens cost: by a person's own list, or else by the list that genai-prices carries."""

from pathlib import Path

from pydantic import Field, NonNegativeFloat

from toolworld.ground import ModelError, Record, parse_record, read_bytes
from toolworld.llm.usage import Usage

MILLION = 1_000_000


class Price(Record):
    """Dollars for a million tokens."""

    prompt: NonNegativeFloat
    completion: NonNegativeFloat
    cached: NonNegativeFloat | None = None
    """For tokens of the prompt that the endpoint had at hand; by default as the others."""

    def of(self, usage: Usage) -> float:
        """Give the price of a usage in dollars."""
        fresh = usage.prompt_tokens - usage.cached_tokens
        cached = self.prompt if self.cached is None else self.cached
        return (
            fresh * self.prompt + usage.cached_tokens * cached + usage.completion_tokens * self.completion
        ) / MILLION


class PriceList(Record):
    """Prices by the name of the model, as a person writes it (`openai:gpt-4o-mini`)."""

    models: dict[str, Price] = Field(default_factory=dict)

    def price(self, model: str) -> Price | None:
        """Give the price of a model, or None if it is not known."""
        return self.models.get(model) or (FREE if model.startswith(("local", "scripted")) else _listed(model))


FREE = Price(prompt=0, completion=0)


def load_prices(path: Path) -> PriceList:
    """Read a list of prices: `{"models": {"openai:gpt-4o-mini": {"prompt": 0.15, "completion": 0.6}}}`.

    Raises:
        ModelError: it cannot be read, or holds something else.
    """
    return parse_record(PriceList, read_bytes(path, ModelError), str(path), ModelError)


def _listed(model: str) -> Price | None:
    provider, _, name = model.partition(":")
    if provider != "openai":
        return None
    import genai_prices

    def dollars(**tokens: int) -> float:
        price = genai_prices.calc_price(genai_prices.Usage(**tokens), model_ref=name, provider_id=provider)
        return float(price.total_price)

    try:
        prompt = dollars(input_tokens=MILLION)
        cached = dollars(input_tokens=MILLION, cache_read_tokens=MILLION)
        return Price(prompt=prompt, cached=cached, completion=dollars(output_tokens=MILLION))
    except LookupError:
        return None
