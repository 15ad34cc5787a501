"""The pages over HTTP, for holders of the token."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from toolworld.ground import NotFoundError, ToolworldError, task_group
from toolworld.server.error_answers import STATUSES, told
from toolworld.server.security.origin import KnownHosts
from toolworld.server.viewer.session import Session, is_own_form
from toolworld.server.viewer.site.pages import page_at
from toolworld.server.viewer.site.site import ASSETS, POLICY, Asked, Page, Site
from toolworld.server.viewer.site.trial_pages import Filled, make_call, open_trial, trial_page
from toolworld.server.viewer.stopping import is_stopping

LOG = logging.getLogger("toolworld.view")
HOME = "/view/index.html"
MAX_FORM, MAX_FIELDS, MAX_WATCHERS = 256 << 10, 300, 100
"""Bytes and fields of a form, and how many browsers are told when there is more."""
WATCH_SECONDS = 1.0
FIRST_SECONDS = 0.3
"""How often it is looked for more, and after what time all that is there is read."""
HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
Answer = Callable[[Request], Awaitable[Response]]


class Pages:
    """Answers requests for pages.

    Args:
        site: What is shown.
        token: The token whose holders see it; None where nobody does.
        code: The code in the first address, which lets in as well.
    """

    def __init__(self, site: Site, token: str | None, code: str | None = None) -> None:
        self._site = site
        self._session = Session(token, code)

    def routes(self) -> list[BaseRoute]:
        """The routes, all below `/view`, and the way there from `/`."""
        return [
            Route("/", _go_home, methods=["GET"]),
            Route("/view", _go_home, methods=["GET"]),
            Route("/view/assets/{name:path}", _asset, methods=["GET"]),
            Route("/view/sign-in", self._sign_in, methods=["POST"]),
            Route("/view/enter", self._enter, methods=["GET"]),
            Route("/view/live", self._guarded(self._live), methods=["GET"]),
            Route("/view/try/{environment}.html", self._guarded(self._open), methods=["POST"]),
            Route("/view/try/{environment}/{episode}.html", self._guarded(self._call), methods=["POST"]),
            Route("/view/{path:path}", self._guarded(self._page), methods=["GET"]),
        ]

    def _guarded(self, answer: Answer) -> Answer:
        """Answer holders of the token only, and problems with a page that says what they are."""

        async def guarded(request: Request) -> Response:
            if not self._session.admits(request):
                return await self._refuse(request)
            if request.method == "POST" and not is_own_form(request.headers):
                return await self._problem(request, 403, "That form is not from here", "it was sent by another page")
            try:
                return await answer(request)
            except ToolworldError as problem:
                status = STATUSES.get(type(problem), STATUSES[ToolworldError])
                heading = "There is no such page" if isinstance(problem, NotFoundError) else "This cannot be shown"
                return await self._problem(request, status, heading, told(problem))

        return guarded

    async def _page(self, request: Request) -> Response:
        asked = Asked(request.path_params["path"], dict(request.query_params), "x-fragment" in request.headers)
        return _answer(await page_at(self._site, asked))

    async def _problem(self, request: Request, status: int, heading: str, message: str) -> Response:
        page = await self._site.fill("problem.html", _asked(request), "", heading=heading, message=message)
        return _answer(page, status)

    async def _refuse(self, request: Request, problem: str = "") -> Response:
        has_token = self._session.token is not None
        page = await self._site.fill(
            "sign_in.html", _asked(request), "", has_token=has_token, problem=problem, navigation=(), is_live=False
        )  # without the navigation, which tells what there is to see
        return _answer(page, 401 if has_token else 403)

    async def _sign_in(self, request: Request) -> Response:
        if not is_own_form(request.headers):
            return await self._refuse(request, "That form was sent by another page.")
        given = await _form(request)
        if given is None or not self._session.is_token(given.get("token", "")):
            return await self._refuse(request, "That is not the token.")
        return self._session.give(request, RedirectResponse(HOME, 303, HEADERS))

    async def _enter(self, request: Request) -> Response:
        """The first address that a person opens: the code in it becomes the cookie, and is gone from the address."""
        if not self._session.is_code(request.query_params.get("code", "")):
            return await self._refuse(request, "That code is not, or no more, the right one.")
        return self._session.give(request, RedirectResponse(HOME, 303, HEADERS))

    async def _live(self, request: Request) -> Response:
        """Tell a browser each time when there is more."""
        if self._site.watchers >= MAX_WATCHERS:
            return Response("too many browsers watch already", 503, HEADERS)
        return EventSourceResponse(self._changes(request.scope), ping=15, headers={"cache-control": "no-store"})

    async def _changes(self, scope: Scope) -> AsyncGenerator[dict[str, str]]:
        archive, known = self._site.archive, self._site.archive.index.version
        self._site.watchers += 1  # here: of a generator that is never begun, nothing would count it off again
        try:
            while not is_stopping(scope):
                try:
                    await archive.look_again()
                except ToolworldError as problem:
                    LOG.warning("%s", problem)
                if archive.index.version != known:
                    known = archive.index.version
                    yield {"data": str(known)}
                await anyio.sleep(WATCH_SECONDS)
        finally:
            self._site.watchers -= 1

    async def _open(self, request: Request) -> Response:
        path = await open_trial(self._site, request.path_params["environment"])
        return RedirectResponse(f"/view/{path}", 303, HEADERS)

    async def _call(self, request: Request) -> Response:
        environment, episode = request.path_params["environment"], request.path_params["episode"]
        given = await _form(request)
        if given is None:
            limits = f"it has {MAX_FORM >> 10} KiB and {MAX_FIELDS} fields at most, as UTF-8"
            return await self._problem(request, 400, "The form cannot be read", limits)
        made = await make_call(self._site, environment, episode, given)
        if isinstance(made, Filled):
            return _answer(await trial_page(self._site, _asked(request), environment, episode, made), 422)
        return RedirectResponse(f"/view/try/{environment}/{made}", 303, HEADERS)


def _asked(request: Request) -> Asked:
    return Asked(request.path_params.get("path") or request.url.path.removeprefix("/view/"), dict(request.query_params))


def _answer(page: Page, status: int = 200) -> Response:
    return Response(page.body, status, HEADERS, page.media_type)


async def _go_home(_: Request) -> Response:
    return RedirectResponse(HOME, 303, HEADERS)


async def _asset(request: Request) -> Response:
    """A file of the pages' own."""
    path = _ASSETS.get(request.path_params["name"])
    if path is None:
        return Response("there is no such file", 404, HEADERS)
    return FileResponse(path, headers={**HEADERS, "cache-control": "max-age=86400"}, media_type=_TYPES[path.suffix])


_ASSETS = {path.relative_to(ASSETS).as_posix(): path for path in ASSETS.rglob("*") if path.suffix in _TYPES}


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is too large."""
    size = 0
    parts: list[bytes] = []
    async for part in request.stream():
        size += len(part)
        if size > MAX_FORM:
            return None
        parts.append(part)
    try:
        fields = parse_qsl(b"".join(parts).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:  # too many fields, or no UTF-8
        return None
    return dict(fields)


def build_viewer(site: Site, token: str, *, code: str | None = None) -> Starlette:
    """The pages as an application of their own, which reads on while it is served.

    Args:
        site: What is shown.
        token: The token whose holders see it.
        code: The code in the address that is printed; None where nobody gets in by one.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with task_group() as tasks:
            tasks.start_soon(_keep_reading, site)
            yield
            tasks.cancel_scope.cancel()

    return Starlette(
        routes=Pages(site, token, code).routes(), middleware=[Middleware(KnownHosts, (), False)], lifespan=lifespan
    )


async def _keep_reading(site: Site) -> None:
    """Read what is there, and what comes; what cannot be read is told on the page."""
    await anyio.sleep(FIRST_SECONDS)  # the first page comes first
    while True:
        try:
            await site.archive.read_on()
        except ToolworldError as problem:
            LOG.warning("%s", problem)
        await anyio.sleep(WATCH_SECONDS if site.archive.is_complete else 0)
