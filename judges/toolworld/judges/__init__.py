"""Verdicts: cheap checks first, each with its evidence; blame before score."""

from toolworld.judges.answer_check import check_answer
from toolworld.judges.calls_check import check_calls
from toolworld.judges.judge import judge
from toolworld.judges.policy_check import check_policy
from toolworld.judges.state_check import check_state
from toolworld.judges.user_check import find_user_fault, invented, left_early, withheld

__all__ = [
    "check_answer",
    "check_calls",
    "check_policy",
    "check_state",
    "find_user_fault",
    "invented",
    "judge",
    "left_early",
    "withheld",
]
