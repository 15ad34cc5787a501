"""Telephone numbers and e-mail addresses."""

import re

from toolworld.environments import phone_digits
from toolworld.judges.facts.span import Scan

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SPOKEN_EMAIL = re.compile(
    r"(?<![\w.+-])([\w.+-]{1,64})\s?[\[(]?\s?\bat\b\s?[\])]?\s?([\w-]{1,63})\s?[\[(]?\s?\bdot\b\s?[\])]?\s?(\w{2,24})",
    re.I,
)
_PHONE = re.compile(r"(?<!\d[.,])(?<![\w£$€-])(?:\+|00|\()?\d[\d(). -]{6,17}\d(?![\w%]|[-.,]\d|\s\d)")
_DATE = re.compile(r"\d{4}[-.]\d\d?[-.]\d\d?\b|\d\d?[-.]\d\d?[-.]\d{4}\b|20\d{6}\b")
_ANNOUNCED = re.compile(r"\b(?:phone|number|call|ring|dial|contact|reach)\b", re.I)


def find_emails(scan: Scan) -> None:
    """Find e-mail addresses; one that is spelt out (`info at example dot org`) is weak."""
    for match in scan.matches(_EMAIL):
        scan.add("email", {match[0].casefold()}, match.span())
    for match in scan.matches(_SPOKEN_EMAIL):
        scan.add("email", {f"{match[1]}@{match[2]}.{match[3]}".casefold()}, match.span(), weak=True)


def find_phones(scan: Scan) -> None:
    """Find telephone numbers, each with its country code."""
    for match in scan.matches(_PHONE):
        digits = re.sub(r"\D", "", match[0].replace("(0)", ""))
        abroad = match[0].startswith(("+", "00"))
        groups = re.findall(r"\d+", match[0])
        likely = (
            abroad
            or digits[:1] == "0"
            or (len(groups) == 3 and len(digits) == 10)
            or _ANNOUNCED.search(scan.before(match.start(), 30))
        )
        if 9 <= len(digits) <= 14 and not _DATE.search(match[0]) and likely:
            scan.add("phone", phone_readings(match[0], scan.reads.country), match.span())


def phone_readings(text: str, country: str | None) -> set[str]:
    """The international forms that a telephone number may have."""
    number = phone_digits(text, country)
    if text.strip().startswith(("+", "00")) or re.sub(r"\D", "", text).startswith("0"):
        return {number}
    return {number, f"+1{number[1:]}", *([f"+{country}{number[1:]}"] if country else [])}
