"""Trust for `https://`: the authorities that this machine trusts, and Mozilla's (certifi)."""

import ssl
from functools import cache

import certifi


@cache
def tls_context() -> ssl.SSLContext:
    """The TLS context of all clients of this process; it takes 20 ms to make."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # some Pythons, such as that of python.org for macOS, bring none
    return context
