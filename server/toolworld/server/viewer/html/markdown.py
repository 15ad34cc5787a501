"""Markdown of strangers: no HTML of theirs, no images, no links."""

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

from toolworld.server.viewer.html.values import HIDDEN

MAX_MARKDOWN = 100_000
"""Characters of a policy that a page shows."""
_HEADING = re.compile(r"(</?h)([1-6])>")
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable(["image", "link", "autolink", "html_inline", "html_block"])
)


def show_markdown(source: str) -> Markup:
    """Markdown as HTML. Headings go two levels down, since they stand in a section of a page."""
    html = _MARKDOWN.render(HIDDEN.sub("\ufffd", source[:MAX_MARKDOWN]))
    lower = _HEADING.sub(lambda hit: f"{hit[1]}{min(6, int(hit[2]) + 2)}>", html)
    more = f"<p>… {len(source):,} characters in all</p>" if len(source) > MAX_MARKDOWN else ""
    return Markup(lower + more)  # made by the renderer above, which escapes what is not Markdown
