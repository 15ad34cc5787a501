"""Verdicts: blame before score, then checks, each with its evidence, and a reward."""

from toolworld.judges.blame.user_proxy import invented, left_early
from toolworld.judges.checks.answer import check_answer
from toolworld.judges.checks.calls import check_calls
from toolworld.judges.checks.policy import check_policy
from toolworld.judges.checks.state import check_state
from toolworld.judges.context import Check, JudgeContext
from toolworld.judges.files import JudgedFile, judge_file
from toolworld.judges.judge import CHECKS, judge

__all__ = [
    "judge",
    "judge_file",
    "JudgedFile",
    # checks
    "Check",
    "JudgeContext",
    "CHECKS",
    "check_state",
    "check_calls",
    "check_answer",
    "check_policy",
    # a user proxy that breaks its script
    "invented",
    "left_early",
]
