"""The story of one record: the person, place, times and sums that its fields tell, so that they agree."""

import random
from datetime import UTC, datetime, timedelta
from functools import cached_property

from toolworld.environments.compiler.data.people_and_places import SPOTS, STREETS, TITLE_NOUNS, TITLE_WORDS, Spot, pool

_BEGIN = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
_DAYS = 400
"""Over how many days records were made; the clocks of compiled environments start after them."""
_PRICES = (4.5, 9.9, 12.0, 19.5, 24.99, 49.0, 79.0, 120.0, 240.0)


class RecordStory:
    """What the fields of a record are about; nothing is drawn that no field asks for.

    Args:
        draw: The generator of the environment's data.
        number: The record's number in its collection.
    """

    def __init__(self, draw: random.Random, number: int) -> None:
        self.draw = draw
        self.number = number

    @cached_property
    def first_name(self) -> str:
        """The person's first name."""
        return self.draw.choice(pool().first_names)

    @cached_property
    def last_name(self) -> str:
        """The person's last name."""
        return self.draw.choice(pool().last_names)

    @cached_property
    def person(self) -> str:
        """The person."""
        return f"{self.first_name} {self.last_name}"

    @cached_property
    def username(self) -> str:
        """What the person is called at the service."""
        return f"{self.first_name}.{self.last_name}".lower().replace(" ", "").replace("'", "")

    @cached_property
    def company(self) -> str:
        """The company."""
        return self.draw.choice(pool().companies)

    @cached_property
    def spot(self) -> Spot:
        """The place."""
        return self.draw.choice(SPOTS)

    @cached_property
    def street(self) -> str:
        """The street, with a number."""
        return f"{self.draw.randint(2, 240)} {self.draw.choice(STREETS)}"

    @cached_property
    def title(self) -> str:
        """What the thing is called."""
        return f"{self.draw.choice(TITLE_WORDS)} {self.draw.choice(TITLE_NOUNS)}"

    @cached_property
    def slug(self) -> str:
        """The title as it stands in addresses."""
        return self.title.lower().replace(" ", "-")

    @cached_property
    def made_at(self) -> datetime:
        """When the record was made."""
        return _BEGIN + timedelta(minutes=self.draw.randrange(0, _DAYS * 1440))

    @cached_property
    def changed_at(self) -> datetime:
        """When it was changed last, after it was made."""
        return self.made_at + timedelta(minutes=self.draw.randrange(5, 20_000))

    @cached_property
    def starts_at(self) -> datetime:
        """When what it is about begins, after the last change."""
        return (self.changed_at + timedelta(days=self.draw.randrange(1, 60))).replace(minute=0)

    @cached_property
    def ends_at(self) -> datetime:
        """When that ends."""
        return self.starts_at + timedelta(hours=self.draw.choice((1, 2, 24, 72)))

    @cached_property
    def price(self) -> float:
        """What one costs."""
        return round(self.draw.choice(_PRICES) * self.draw.choice((1, 1, 2)), 2)

    @cached_property
    def quantity(self) -> int:
        """How many there are."""
        return self.draw.choice((1, 1, 2, 3, 5, 8))

    @cached_property
    def total(self) -> float:
        """What all cost together."""
        return round(self.price * self.quantity, 2)
