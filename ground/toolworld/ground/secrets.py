"""Masking of secrets in JSON: by the names of fields, by well-known forms of keys, and by texts that are known."""

import re
from collections.abc import Collection, Mapping

from toolworld.ground.json import JsonValue, leaves, same

MASK = "[secret]"
"""What stands in the place of a secret."""
MIN_KNOWN = 8
"""Shorter texts are not looked for: they would stand in other words."""
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secret|secrets|token|api_?key|apikey|access_?key|private_?key|"
    r"authorization|credential|credentials|client_secret|session_?key|bearer|pin_?code|cvv|cvc)$"
)
_SECRET_VARIABLE = re.compile(r"(?:^|[_-])(?:key|token|pat|pass|secret|password)(?:[_-]?\w{1,4})?$")
"""Names of variables and options: there every key is one that opens something."""
_PAGING = re.compile(r"(?:^|_)(?:page|next|previous|sync|continuation|cursor)_token$")
"""Names of tokens that say where a list goes on."""
_SECRET_TEXT = re.compile(
    r"""
      (?<![A-Za-z0-9_-])(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,20}[-_]){0,4}[A-Za-z0-9]{16,}   # OpenAI, Anthropic, Stripe
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,}      # GitHub
    | \bglpat-[A-Za-z0-9_-]{16,}                                         # GitLab
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}                                   # Slack
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                                      # Amazon
    | \bAIza[A-Za-z0-9_-]{35}                                            # Google
    | \bhf_[A-Za-z0-9]{20,} | \bnpm_[A-Za-z0-9]{20,} | \bpypi-[A-Za-z0-9_-]{20,}
    | (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*          # a JSON Web Token
    | (?<=[Bb]earer\ )[A-Za-z0-9._~+/-]{8,}=*
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)                                    # a user and a password in a URL
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


_QUOTED_FIELD = re.compile(r'("((?:[^"\\]|\\.){1,60})"\s*:\s*)"((?:[^"\\]|\\.)+)"')
"""A field with a text, inside of a text that is JSON."""


def is_secret_name(name: str) -> bool:
    """Whether a field or variable of that name holds a secret: `apiKey`, `GITHUB_TOKEN`, `password`."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return _SECRET_NAME.search(plain) is not None and _PAGING.search(plain) is None


def secrets_of(variables: Mapping[str, str]) -> frozenset[str]:
    """The values of environment variables or headers whose names say that they are secrets; folders are none."""
    named = {name: value for name, value in variables.items() if name not in ("PWD", "OLDPWD")}
    return frozenset(
        value
        for name, value in named.items()
        if len(value) >= MIN_KNOWN and (is_secret_name(name) or _SECRET_VARIABLE.search(name.lower()))
    )


def masked(value: JsonValue, known: Collection[str] = ()) -> JsonValue:
    """The value with `[secret]` for each secret in it.

    A field whose name says so is masked whole, texts and numbers; in other texts, keys of well-known forms and
    the texts in `known` are masked where they stand.
    """
    if isinstance(value, dict):
        return {name: _hidden(inner) if is_secret_name(name) else masked(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, known) for inner in value]
    return masked_text(value, known) if isinstance(value, str) else value


def masked_texts(value: JsonValue, known: Collection[str] = ()) -> JsonValue:
    """The value with `[secret]` for each secret in its texts; names of fields say nothing, as in a schema."""
    if isinstance(value, dict):
        return {name: masked_texts(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked_texts(inner, known) for inner in value]
    return masked_text(value, known) if isinstance(value, str) else value


def named_secrets(value: JsonValue) -> frozenset[str]:
    """The texts of fields whose names say that they are secrets, also inside of texts that are JSON."""
    if isinstance(value, dict):
        own = (_texts(inner) if is_secret_name(name) else named_secrets(inner) for name, inner in value.items())
        return frozenset(text for part in own for text in part if len(text) >= MIN_KNOWN)
    if isinstance(value, list):
        return frozenset(text for inner in value for text in named_secrets(inner))
    found = _QUOTED_FIELD.findall(value) if isinstance(value, str) else []
    return frozenset(text for _, name, text in found if is_secret_name(name) and len(text) >= MIN_KNOWN)


def _texts(value: JsonValue) -> list[str]:
    return [one for one in leaves(value) if isinstance(one, str)]


def masked_text(text: str, known: Collection[str] = ()) -> str:
    """A text with `[secret]` for each secret in it, also for those of fields inside of a text that is JSON."""
    for secret in sorted(known, key=lambda one: (-len(one), one)):
        if len(secret) >= MIN_KNOWN:
            text = text.replace(secret, MASK)
    text = _QUOTED_FIELD.sub(lambda one: f'{one[1]}"{MASK}"' if is_secret_name(one[2]) else one[0], text)
    return _SECRET_TEXT.sub(MASK, text)


def is_masked_form(hidden: JsonValue, value: JsonValue) -> bool:
    """Whether a value could be what a masked one was made of: any text may stand where a secret was."""
    if isinstance(hidden, dict) and isinstance(value, dict):
        return hidden.keys() == value.keys() and all(is_masked_form(hidden[name], value[name]) for name in hidden)
    if isinstance(hidden, list) and isinstance(value, list):
        return len(hidden) == len(value) and all(map(is_masked_form, hidden, value))
    if not isinstance(hidden, str) or MASK not in hidden:
        return same(hidden, value)
    if hidden == MASK and isinstance(value, int | float):
        return True
    return isinstance(value, str) and _is_filled(hidden.split(MASK), value)


def _is_filled(parts: list[str], text: str) -> bool:
    """Whether a text has these parts in their order, with something between them; in time linear in the text."""
    first, *between, last = parts
    if not text.startswith(first):
        return False
    place = len(first)
    for part in between:
        place = text.find(part, place + 1)
        if place < 0:
            return False
        place += len(part)
    return text.endswith(last) and len(text) - len(last) > place


def _hidden(value: JsonValue) -> JsonValue:
    """A value of a field that is a secret: nothing of it is left but whether it is there."""
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if value is None or isinstance(value, bool) or value == "" else MASK
