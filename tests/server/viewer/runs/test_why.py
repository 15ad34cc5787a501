"""The sentence that says why a run was judged so, from the verdict alone."""

from toolworld.datasets import Blame, ChangePair, CheckResult, Evidence, Verdict
from toolworld.environments import Insert, Update
from toolworld.server.viewer.runs.why import NOT_JUDGED, why

DUE = Update(collection="loans", key="L1", fields={"due": "2026-03-23"})
NEW = Insert(collection="charges", key="F1", record={"amount": 1})


def verdict(*checks: CheckResult, outcome: str = "fail", blame: Blame | None = None) -> Verdict:
    return Verdict.model_validate(
        {"trajectory": "r", "task": "t", "seed": 0, "outcome": outcome, "reward": None, "scores": {}}
        | {"checks": checks, "blame": blame}
    )


def check(name: str, *evidence: Evidence, changes: tuple[ChangePair, ...] = (), outcome: str = "fail") -> CheckResult:
    return CheckResult.model_validate(
        {"name": name, "outcome": outcome, "evidence": evidence or ("it is so",), "changes": changes}
    )


def test_changes_are_told_by_what_is_wrong_with_them() -> None:
    pairs = (
        ChangePair(record="loans/L1", expected=DUE),
        ChangePair(record="charges/F1", actual=NEW),
        ChangePair(record="charges/F2", actual=NEW),
        ChangePair(record="charges/F3", actual=NEW),
        ChangePair(record="loans/L2", expected=DUE, actual=DUE, fields=("due",)),
    )
    assert why(verdict(check("state", changes=pairs))) == (
        "One change left undone (loans L1), one change made wrongly (loans L2: due) "
        "and three changes made that nobody asked for (charges F1, charges F2 and 1 more)."
    )


def test_facts_that_were_not_told_are_named() -> None:
    untold = [
        Evidence(text=f"not told: {fact} (it is not mentioned)", kind="not_told") for fact in ("10:30", "£5", "x")
    ]
    assert why(verdict(check("answer", *untold))) == "The user was not told “10:30” and “£5” and 1 more."


def test_a_broken_rule_is_told_with_its_step() -> None:
    broken = Evidence(text="step 3: renew_loan without the user's yes", kind="broken", step=3)
    assert why(verdict(check("policy", broken))) == "A rule was broken at step 3: renew_loan without the user's yes."


def test_only_checks_with_the_outcome_of_the_run_are_told() -> None:
    passed, failed = check("calls", outcome="pass"), check("mine", Evidence(text="too slow"))
    assert why(verdict(passed, failed)) == "Too slow."


def test_a_void_run_says_who_failed_and_a_run_without_a_verdict_that_nobody_judged_it() -> None:
    blame = Blame(party="user", message="it invented '9'")
    assert why(verdict(outcome="void", blame=blame)) == (
        "Says nothing about the agent: the user proxy failed. It invented '9'."
    )
    assert why(None) == NOT_JUDGED
    assert why(verdict(outcome="pass")) == "Every check passed."
