"""The control API keeps to its own description, whatever is sent: schemathesis against a real server."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from tests.support.served import TOKEN, Served

pytestmark = pytest.mark.timeout(300)


OPERATIONS = 19
EXCLUDED: list[Any] = [vars(checks)["unsupported_method"]]
"""TRACE and the like are answered with 405, but without a word on it in the description."""
CASES = 20
CALM = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def test_every_verb_answers_as_described(tmp_path: Path) -> None:
    with Served(["library"], tmp_path / "s.sqlite", tmp_path / "log") as server:
        headers = {"authorization": f"Bearer {TOKEN}"}
        described: Any = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json", headers=headers)
        operations = [found.ok() for found in described.get_all_operations()]
        assert len(operations) == OPERATIONS
        for operation in operations:
            try_out(operation, headers)
        assert server.alive
    assert "Traceback" not in (tmp_path / "log").read_text()


def try_out(operation: Any, headers: dict[str, str]) -> None:
    """Send what the description allows, and what it does not; the answers must be as described, and never a 5xx."""
    for mode in GenerationMode:

        @settings(max_examples=CASES, derandomize=True, deadline=None, suppress_health_check=CALM)
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            case.call_and_validate(headers=headers, excluded_checks=EXCLUDED)

        try:
            send()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # there is nothing to get wrong
