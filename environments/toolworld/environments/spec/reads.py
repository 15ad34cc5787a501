"""How values that people say are read in an environment."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from toolworld.ground import Record


class Reads(Record):
    """How dates in figures, telephone numbers and sums are read; what is not stated may be read in each way."""

    dates: Literal["dmy", "mdy"] | None = None
    """Whether 3/4 is the 3rd of April or the 4th of March."""
    country: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")] | None = None
    """The country code of telephone numbers without one, such as `44`."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    """The currency of sums without one, such as `GBP`."""
