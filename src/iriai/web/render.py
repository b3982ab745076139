"""Templates into pages, and the headers every page goes out with.

The policy of contents allows this hub's own scripts, styles and images and nothing else; user files
are never markup here, and the one Trusted Types policy belongs to `static/iriai.js`.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from iriai.base.errors import HubError
from iriai.base.tx import Ground
from iriai.identity.rules import Actor
from iriai.notifications import queries as notifications
from iriai.web import charts, links, shown
from iriai.web.texts import DEFAULT_LANGUAGE, direction, translations

HERE = Path(__file__).parent
STATIC = HERE / "static"
GZIP_LENGTH_MIN = 1_000
GZIP_LEVEL = 5
THEMES = ("light", "dark")
THEME_COOKIE = "theme"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types iriai"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, with the filters they may use."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(DEFAULT_LANGUAGE), newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "bytes": shown.size,
        "figure": shown.figure,
        "score": shown.score,
        "whole": shown.whole,
        "day": shown.day,
        "minute": shown.minute,
        "iso": shown.iso,
        "short": shown.short,
        "called": shown.called,
    }
    made.globals |= {"links": links, "static": static_url, "ago": shown.ago, "charts": charts}
    return made


@lru_cache(maxsize=64)
def static_url(name: str) -> str:
    """The address of one of our own files; it changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    twin: str | None = None,
    headers: dict[str, str] | None = None,
    **facts: Any,
) -> Response:
    """A whole page; for a request by htmx that names a block of it, that block alone."""
    surroundings = _surroundings(request, twin)
    found = environment().get_template(template)
    block = request.headers.get("hx-target", "").rpartition("#")[2]
    if request.headers.get("hx-request") == "true" and f"part_{block}" in found.blocks:
        context = found.new_context(surroundings | facts)
        text = "".join(found.blocks[f"part_{block}"](context))
    else:
        text = found.render(surroundings | facts)
    return html(request, text, status=status, headers=headers)


def html(
    request: Request, text: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Markup of our own as an answer, compressed where the client can read that."""
    head = HEADERS | {
        "Vary": "Accept-Encoding, Cookie, HX-Request",
        "Cache-Control": "private, no-cache",
    }
    head |= headers or {}
    body = text.encode()
    if len(body) >= GZIP_LENGTH_MIN and "gzip" in request.headers.get("accept-encoding", ""):
        body = packed(body)
        head["Content-Encoding"] = "gzip"
    return Response(body, status, head, media_type="text/html; charset=utf-8")


def packed(body: bytes) -> bytes:
    """Bytes compressed, the same each time."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def theme(request: Request) -> str:
    """What the reader chose: `light`, `dark`, or nothing, which leaves it to their system."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def _unread(ground: Ground, actor: Actor | None) -> int:
    """How much concerns whoever looks and is unread; a page never fails for it."""
    if actor is None or actor.id is None:
        return 0
    try:
        with ground.read() as tx:
            return notifications.unread_count(tx, actor)
    except HubError:
        return 0


def _surroundings(request: Request, twin: str | None) -> dict[str, Any]:
    ground = request.app.state.ground
    actor = getattr(request.state, "actor", None)
    path = request.scope["path"]
    query = request.url.query
    return {
        "actor": actor,
        "unread": _unread(ground, actor),
        "me": actor.name if actor is not None and actor.id is not None else "",
        "endpoint": ground.settings.url,
        "contact_url": ground.settings.contact_url,
        "now": ground.clock(),
        "here": path + (f"?{query}" if query else ""),
        "section": path.strip("/").partition("/")[0],
        "paths": request.app.paths,
        "theme": theme(request),
        "lang": DEFAULT_LANGUAGE,
        "dir": direction(DEFAULT_LANGUAGE),
        "twin": twin,
        "safe": Markup,
    }
