"""Who may see pages: a cookie that a browser gets for the token, or for the code of the address that is printed."""

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from toolworld.server.security.credential import carries_token

_PURPOSE = b"toolworld pages 1"


class Session:
    """The cookie of the holders of a token. It follows from the token, so that all servers with it know it.

    Args:
        token: The token; None where nobody may see pages.
        code: The code in the address that `toolworld view` prints; None where there is none. It is no token: who has
            it sees pages, until the process ends.
    """

    def __init__(self, token: str | None, code: str | None = None) -> None:
        self.token = token
        self._code = code
        self._value = hmac.new((token or "").encode(), _PURPOSE, hashlib.sha256).hexdigest()

    def admits(self, request: Request) -> bool:
        """Whether a request comes from a holder of the token: by the cookie, or by the token itself."""
        if self.token is None:
            return False
        if carries_token(request.headers.get("authorization", ""), self.token):
            return True
        return hmac.compare_digest(request.cookies.get(_name(request), "").encode(), self._value.encode())

    def is_token(self, text: str) -> bool:
        """Whether a text is the token."""
        return self.token is not None and hmac.compare_digest(text.strip().encode(), self.token.encode())

    def is_code(self, text: str) -> bool:
        """Whether a text is the code of the printed address."""
        return self._code is not None and hmac.compare_digest(text.encode(), self._code.encode())

    def give(self, request: Request, response: Response) -> Response:
        """Put the cookie into a response."""
        is_secure = request.url.scheme == "https"
        response.set_cookie(
            _name(request), self._value, httponly=True, samesite="strict", secure=is_secure, path="/view"
        )
        return response


def _name(request: Request) -> str:
    """Browsers keep one cookie for all ports of a host; two servers on it have different ones."""
    return f"toolworld_{(request.scope.get('server') or ('', 0))[1]}"


def is_own_form(headers: Headers) -> bool:
    """Whether a form was sent by a page of this very server: a page at another port of this host is a stranger's."""
    origin = headers.get("origin", "")
    return origin.partition("://")[2].lower() == headers.get("host", "").lower()
