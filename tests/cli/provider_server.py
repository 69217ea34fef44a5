"""A provider on the loopback: usage, cost and Claude Code reports with paging, `count_tokens`, and faults on demand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.running import Ran

KEY = "sk-ant-admin01-never-to-be-seen-0123456789"
MESSAGES_USAGE = "/v1/organizations/usage_report/messages"
COST = "/v1/organizations/cost_report"
CODE_USAGE = "/v1/organizations/usage_report/claude_code"
COUNT = "/v1/messages/count_tokens"


class Provider:
    """What the server knows and what was asked of it. `faults` are used up one a request, first come first served.

    A fault is a status, a status with seconds to wait ("429:1"), "cut" (half an answer), or "html".
    """

    def __init__(self) -> None:
        self.url = ""
        self.days: dict[str, dict[str, list[dict[str, Any]]]] = {MESSAGES_USAGE: {}, COST: {}, CODE_USAGE: {}}
        self.days_a_page = 2
        self.faults: list[str] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.keys: set[str] = set()
        self.bodies: list[dict[str, Any]] = []

    def pages(self, path: str) -> list[dict[str, Any]]:
        """The whole report, as somebody who saved it page by page would have it."""
        days = sorted(self.days[path])
        return [self._page(path, days, start) for start in range(0, max(1, len(days)), self.days_a_page)]

    def report(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """One page for the days asked for."""
        first = query["starting_at"][0][:10]
        if path == CODE_USAGE:
            return {"data": self.days[path].get(first, []), "has_more": False, "next_page": None}
        last = query["ending_at"][0][:10]
        days = [day for day in sorted(self.days[path]) if first <= day < last]
        return self._page(path, days, int(query.get("page", ["page_0"])[0].removeprefix("page_")))

    def _page(self, path: str, days: list[str], start: int) -> dict[str, Any]:
        shown = days[start : start + self.days_a_page]
        more = start + self.days_a_page < len(days)
        if path == CODE_USAGE:
            data: list[Any] = [row for day in shown for row in self.days[path][day]]
        else:
            data = [{"starting_at": f"{day}T00:00:00Z", "results": self.days[path][day]} for day in shown]
        return {"data": data, "has_more": more, "next_page": f"page_{start + self.days_a_page}" if more else None}


def usage_result(
    model: str, fresh: int, read: int, write_5m: int, write_1h: int, output: int, *, searches: int = 0
) -> dict[str, Any]:
    """A result of the usage report."""
    return {
        "uncached_input_tokens": fresh,
        "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": searches},
        "model": model,
        "api_key_id": None,
        "workspace_id": None,
    }


def cost_result(model: str | None, cents: str, kind: str = "tokens") -> dict[str, Any]:
    """A result of the cost report; the amount is in cents."""
    return {"amount": cents, "currency": "USD", "cost_type": kind, "model": model, "description": f"{model} usage"}


def code_record(day: str, model: str, fresh: int, output: int, read: int, written: int, cents: float) -> dict[str, Any]:
    """A person's day in the Claude Code report."""
    return {
        "date": f"{day}T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": "dev@example.com"},
        "customer_type": "subscription",
        "model_breakdown": [
            {
                "model": model,
                "tokens": {"input": fresh, "output": output, "cache_read": read, "cache_creation": written},
                "estimated_cost": {"currency": "USD", "amount": cents},
            }
        ],
    }


@contextmanager
def serving() -> Iterator[Provider]:
    """A running server; its address is `url`."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = parse_qs(address.query)
            provider.asked.append((address.path, query))
            if self._is_well():
                self._send(200, provider.report(address.path, query))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            provider.asked.append((self.path, {}))
            provider.bodies.append(body)
            if self._is_well():
                text = json.dumps([body.get("system"), body.get("tools")])
                self._send(200, {"input_tokens": 8 + (len(text) - len("[null, null]")) // 4})

        def _is_well(self) -> bool:
            given = self.headers.get("x-api-key") or (self.headers.get("authorization") or "").removeprefix("Bearer ")
            provider.keys.add(given)
            fault = provider.faults.pop(0) if provider.faults else ""
            if not fault and given != KEY:
                fault = "401"
            if not fault:
                return True
            if fault == "cut":
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "5000")
                self.end_headers()
                self.wfile.write(b'{"data": [')
                self.close_connection = True
                return False
            status, _, wait = fault.partition(":")
            if status == "html":
                self._raw(200, b"<html>hello</html>", "text/html")
            else:
                message = f"no: x-api-key {given} is not welcome"
                body = json.dumps({"type": "error", "error": {"type": "some_error", "message": message}}).encode()
                self._raw(int(status), body, "application/json", {"retry-after": wait} if wait else {})
            return False

        def _send(self, status: int, body: Any) -> None:
            self._raw(status, json.dumps(body).encode(), "application/json")

        def _raw(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def without_key(ran: Ran, caplog: pytest.LogCaptureFixture, home: Path) -> None:
    """The key is in no output, no log and no file of ours."""
    assert KEY not in ran.out + ran.err + caplog.text
    for path in home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
