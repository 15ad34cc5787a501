"""Verdicts: blame before score, then checks, each with its evidence, and a reward."""

from toolworld.judges.blame.user_proxy import invented, left_early
from toolworld.judges.calibration.calibrate import Calibration, Calibrator, KnownRun, Miss
from toolworld.judges.calibration.card import CalibrationCard, CardFile, JudgeCost, card_page, load_card
from toolworld.judges.calibration.label import Label, read_labels
from toolworld.judges.calibration.rates import JudgeRates, KindRates, Rate
from toolworld.judges.checks.answer import check_answer
from toolworld.judges.checks.calls import check_calls
from toolworld.judges.checks.policy import check_policy
from toolworld.judges.checks.state import check_state
from toolworld.judges.checks.statements import check_statements
from toolworld.judges.context import Check, JudgeContext
from toolworld.judges.facts.conversation import tell_in
from toolworld.judges.facts.heard import Heard
from toolworld.judges.facts.mention import (
    calendar_words,
    gives_status,
    is_declined,
    mentions,
    names_action,
    speaks_of,
    without_what_is_set_apart,
)
from toolworld.judges.facts.reading import Reading, read_message
from toolworld.judges.facts.told import ANYTHING_SAID, Told
from toolworld.judges.facts.visible import visible_words
from toolworld.judges.files import JudgedFile, judge_file
from toolworld.judges.judge import CHECKS, judge
from toolworld.judges.regrading import Change, changed_judgements, changed_verdicts
from toolworld.judges.repair.attempt import RepairAttempt, RepairHistory
from toolworld.judges.repair.repairer import Repaired, Repairer, RepairSource, Version
from toolworld.judges.reward import IfUnclear
from toolworld.judges.rubric.judgement import UNCALIBRATED, ItemJudgement, Judgement
from toolworld.judges.rubric.report import EvaluationReport, evaluation_report, report_page
from toolworld.judges.rubric.rubric import Rubric, RubricItem, built_in_rubrics, load_rubric
from toolworld.judges.rubric.rubric_judge import RubricJudge
from toolworld.judges.rubric.shown_run import ShownRun, of_conversation, of_trajectory
from toolworld.judges.statements.model_judge import ModelJudge
from toolworld.judges.statements.statement_judge import Opinion, StatementJudge
from toolworld.judges.tool_calls.call_judge import CallOpinion, ToolCallJudge
from toolworld.judges.tool_calls.sample_judge import JudgedSamples, SampleJudge, judge_samples

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
    "check_statements",
    "IfUnclear",
    # statements, which only a judge by model can find
    "StatementJudge",
    "Opinion",
    "ModelJudge",
    # simulated calls, for the audit of environments
    "ToolCallJudge",
    "SampleJudge",
    "judge_samples",
    "JudgedSamples",
    "CallOpinion",
    # rubrics, by which models judge what checks leave open
    "Rubric",
    "RubricItem",
    "load_rubric",
    "built_in_rubrics",
    "RubricJudge",
    "ShownRun",
    "of_trajectory",
    "of_conversation",
    "Judgement",
    "ItemJudgement",
    "UNCALIBRATED",
    "EvaluationReport",
    "evaluation_report",
    "report_page",
    # calibration: how often a judge is right
    "Calibrator",
    "Calibration",
    "CalibrationCard",
    "CardFile",
    "JudgeCost",
    "JudgeRates",
    "KindRates",
    "KnownRun",
    "Label",
    "Miss",
    "Rate",
    "card_page",
    "load_card",
    "read_labels",
    # what changed where runs are judged again
    "Change",
    "changed_verdicts",
    "changed_judgements",
    # repair of runs that are not good enough
    "Repairer",
    "Repaired",
    "RepairSource",
    "RepairAttempt",
    "RepairHistory",
    "Version",
    # facts in free text
    "tell_in",
    "Told",
    "ANYTHING_SAID",
    "read_message",
    "Reading",
    "visible_words",
    "mentions",
    "speaks_of",
    "names_action",
    "gives_status",
    "is_declined",
    "without_what_is_set_apart",
    "calendar_words",
    "Heard",
    # a user proxy that breaks its script
    "invented",
    "left_early",
]
