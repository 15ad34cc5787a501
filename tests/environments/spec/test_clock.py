"""The simulated clock: in UTC, and without an end that breaks a call."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from toolworld.environments.spec.clock import Clock
from toolworld.ground import describe_error


@pytest.mark.parametrize(
    "start", ["2026-05-01T00:30:00+02:00", "2026-05-01T00:30:00-11:30", "0001-01-01T00:00:00+14:00"]
)
def test_a_clock_in_another_time_zone_is_refused_with_the_instant_in_utc(start: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Clock.model_validate({"start": start})
    assert "a clock is in UTC" in describe_error(refused.value)


def test_utc_may_be_written_in_any_way_and_days_are_those_of_utc() -> None:
    for start in ("2026-05-01T00:30:00Z", "2026-05-01T00:30:00+00:00"):
        assert Clock.model_validate({"start": start}).moment(0) == (
            datetime(2026, 5, 1, 0, 30, tzinfo=UTC),
            "2026-05-01T00:30:00Z",
        )


@pytest.mark.parametrize(
    ("start", "tick", "step"),
    [("9999-12-31T23:59:00Z", 60, 1), ("9999-01-01T00:00:00Z", 31_622_400, 10**12), ("0001-01-01T00:00:00Z", 1, 2**53)],
)
def test_a_clock_stands_still_at_the_last_second_that_has_a_date(start: str, tick: int, step: int) -> None:
    clock = Clock.model_validate({"start": start, "tick_seconds": tick})
    assert clock.moment(step)[1] == "9999-12-31T23:59:59Z" and clock.moment(0)[1] == start


@pytest.mark.parametrize("tick", [0, -5, 10**15, 31_622_401, 1.5])
def test_a_tick_is_bounded(tick: float) -> None:
    with pytest.raises(ValidationError):
        Clock.model_validate({"start": "2026-05-01T00:30:00Z", "tick_seconds": tick})
