"""Why a run was judged as it was, in a sentence or two, from its verdict alone."""

from toolworld.datasets import ChangePair, CheckResult, Evidence, Verdict
from toolworld.server.viewer.html.values import counted, listed

NOT_JUDGED = "Nobody has judged this run yet."
_PARTIES = {"user": "the user proxy", "simulator": "the simulator", "host": "the host", "judge": "the judge"}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_NAMED = 2
"""How many records or facts a sentence names."""


def why(verdict: Verdict | None) -> str:
    """Why the verdict, for whoever has not seen the run."""
    if verdict is None:
        return NOT_JUDGED
    if verdict.outcome == "void":
        return _of_void(verdict)
    if verdict.outcome == "pass":
        return "Every check passed."
    blamed = [f"The agent failed: {_sentence(verdict.blame.message)}"] if verdict.blame else []
    told = [_of_check(check) for check in verdict.checks if check.outcome == verdict.outcome]
    return " ".join([*blamed, *(told or _not_looked_at(verdict))])


def _not_looked_at(verdict: Verdict) -> list[str]:
    """Where no check says why: what could not be looked at."""
    found = [one for check in verdict.checks for one in check.evidence if one.kind == "not_looked_at"]
    return [f"Not everything was looked at: {_sentence(found[0].text, capital=False)}"] if found else []


def _of_void(verdict: Verdict) -> str:
    if verdict.blame is None:
        return "Says nothing about the agent: somebody else failed."
    party = _PARTIES.get(verdict.blame.party, verdict.blame.party)
    return f"Says nothing about the agent: {party} failed. {_sentence(verdict.blame.message)}"


def _of_check(check: CheckResult) -> str:
    if check.outcome == "unclear":
        reason = f": {_sentence(check.reasons[0].text, capital=False)}" if check.reasons else "."
        return f"Nobody can say without a judge by model{reason}"
    if check.name == "state" and check.changes:
        return _of_changes(check)
    untold = [one for one in check.evidence if one.kind == "not_told"]
    if check.name == "answer" and untold and ":" in untold[0].text:
        facts = listed([f"“{_fact(one)}”" for one in untold[:_NAMED]])
        return f"The user was not told {facts}{_more(len(untold))}."
    broken = next((one for one in check.evidence if one.kind in ("broken", "leaked")), None)
    if broken is not None and check.name == "policy":
        at = "" if broken.step is None else f" at step {broken.step}"
        text = broken.text.removeprefix(f"step {broken.step}: ")
        return f"A rule was broken{at}: {_sentence(text, capital=False)}"
    return _sentence(check.reasons[0].text) if check.reasons else f"The check of {check.name} failed."


def _of_changes(check: CheckResult) -> str:
    groups = {
        "left undone": [_record(pair) for pair in check.changes if pair.actual is None],
        "made wrongly": [_record(pair) for pair in check.changes if pair.actual and pair.expected],
        "made that nobody asked for": [
            _record(pair) for pair in check.changes if pair.expected is None and pair.actual
        ],
    }
    said = [f"{_number(len(found))} {words} ({_records(found)})" for words, found in groups.items() if found]
    if not said:
        return "The final state is not the expected one."
    whole = listed(said)
    return f"{whole[0].upper()}{whole[1:]}."


def _record(pair: ChangePair) -> str:
    """A record, with the fields that differ where it was made wrongly."""
    fields = ", ".join(one for one in pair.fields[:_NAMED] if one) if pair.actual and pair.expected else ""
    return f"{pair.record.replace('/', ' ', 1)}{f': {fields}' if fields else ''}"


def _records(found: list[str]) -> str:
    return f"{', '.join(found[:_NAMED])}{_more(len(found))}"


def _more(count: int) -> str:
    return f" and {count - _NAMED} more" if count > _NAMED else ""


def _number(count: int) -> str:
    noun = "change" if count == 1 else "changes"
    return f"{_NUMBERS[count].lower()} {noun}" if count < len(_NUMBERS) else counted(count, "change")


def _fact(evidence: Evidence) -> str:
    """The fact of `not told: 2026-02-17 (why)`."""
    words = evidence.text.partition(": ")[2]
    return words.rpartition(" (")[0] or words


def _sentence(text: str, *, capital: bool = True) -> str:
    flat = " ".join(text.split()) or "no reason was given"
    return f"{flat[0].upper() if capital else flat[0]}{flat[1:]}{'' if flat.endswith(('.', '!', '?')) else '.'}"
