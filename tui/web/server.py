"""Serves the dashboard to browsers that know the token; each gets its own dashboard, as on a terminal.

The token stands in the address that is printed. The first request with it leaves a cookie, so that the address can be
cleaned; nothing is answered without one of the two. On loopback, requests that name another host are refused: a page
elsewhere that points its name at this machine gets nowhere.
"""

import hmac
import html
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.server import Server

COOKIE = "taximeter_token"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- what a user may ask for, to be named otherwise in the address
_FONT_SIZE = 15
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


class TokenServer(Server):
    """textual-serve behind a token."""

    def __init__(self, command: str, *, host: str, port: int, token: str, on_ready: Callable[[str], None]) -> None:
        """`command`: a shell line that starts the dashboard. `on_ready` gets the address to open."""
        shown = socket.gethostname() if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
        super().__init__(command, host=host, port=port, title="Taximeter", public_url=f"http://{shown}:{port}")
        self._token = token
        self._on_ready = on_ready
        self._is_loopback = host in LOOPBACK
        self._page = Template((Path(__file__).parent / "app_index.html").read_text(encoding="utf-8"))

    def serve(self, debug: bool = False) -> None:
        """Serve until Ctrl-C; nothing is logged, because requests contain the token."""
        del debug
        silent = logging.getLogger("taximeter.serve")
        silent.disabled = True
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            access_log=None,
            logger=silent,
            print=lambda *_words: self._on_ready(f"{self.public_url}/?token={self._token}"),
        )

    async def on_startup(self, app: web.Application) -> None:
        """Print no banner; `on_ready` gets the address once the server listens."""

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page; all of its resources come from this server."""
        font_size = request.query.get("fontsize", "")
        page = self._page.substitute(
            base=f"{request.scheme}://{html.escape(request.host)}",
            socket=f"{'wss' if request.secure else 'ws'}://{html.escape(request.host)}/ws",
            font_size=font_size if font_size.isascii() and font_size.isdigit() else _FONT_SIZE,
        )
        return web.Response(text=page, content_type="text/html")

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._is_ours(request):
            raise web.HTTPForbidden(text="This address needs the token that `taximeter serve` printed.\n")
        if "token" in request.query and request.path == "/":
            # The address bar, the history and the referrer need not keep it.
            answer = web.HTTPFound("/")
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="Strict", path="/")
            raise answer
        response = await handler(request)
        if not response.prepared:
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Frame-Options"] = "DENY"
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _is_ours(self, request: web.Request) -> bool:
        host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
        origin = request.headers.get("Origin")
        if (self._is_loopback and host not in _LOOPBACK_NAMES) or (
            origin is not None and origin != f"{request.scheme}://{request.host}"
        ):
            return False
        given = request.query.get("token") or request.cookies.get(COOKIE, "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())
