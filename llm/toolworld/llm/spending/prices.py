"""Token prices: from the user's own list, or else from the list of the package genai-prices."""

from pathlib import Path

from pydantic import Field, NonNegativeFloat

from toolworld.ground import ModelError, Record, parse_record, read_bytes
from toolworld.llm.usage import Usage

MILLION = 1_000_000


class Price(Record):
    """Prices in dollars per million tokens."""

    prompt: NonNegativeFloat
    completion: NonNegativeFloat
    cached: NonNegativeFloat | None = None
    """The price of prompt tokens served from the endpoint's prefix cache; by default the same as `prompt`."""

    def of(self, usage: Usage) -> float:
        """The price of a usage in dollars."""
        uncached = usage.prompt_tokens - usage.cached_tokens
        cached = self.prompt if self.cached is None else self.cached
        return (
            uncached * self.prompt + usage.cached_tokens * cached + usage.completion_tokens * self.completion
        ) / MILLION


class PriceList(Record):
    """Prices by model name, in the form in which users write it (`openai:gpt-4o-mini`)."""

    models: dict[str, Price] = Field(default_factory=dict)

    def price(self, model: str) -> Price | None:
        """The price of a model, or None if it is not known."""
        return self.models.get(model) or (FREE if model.startswith(("local", "scripted")) else _public_price(model))


FREE = Price(prompt=0, completion=0)


def load_prices(path: Path) -> PriceList:
    """Load a price list: `{"models": {"openai:gpt-4o-mini": {"prompt": 0.15, "completion": 0.6}}}`.

    Raises:
        ModelError: the file cannot be read, or is not a price list.
    """
    return parse_record(PriceList, read_bytes(path, ModelError), str(path), ModelError)


def _public_price(model: str) -> Price | None:
    """The price in the list of genai-prices, or None if the model is not in it."""
    provider, _, name = model.partition(":")
    if provider != "openai":
        return None
    import genai_prices  # here, since only hosted models need it

    def dollars(**tokens: int) -> float:
        price = genai_prices.calc_price(genai_prices.Usage(**tokens), model_ref=name, provider_id=provider)
        return float(price.total_price)

    try:
        prompt = dollars(input_tokens=MILLION)
        # `input_tokens` includes the cached ones, so this is the price of a prompt that is cached completely.
        cached = dollars(input_tokens=MILLION, cache_read_tokens=MILLION)
        return Price(prompt=prompt, cached=cached, completion=dollars(output_tokens=MILLION))
    except LookupError:
        return None
