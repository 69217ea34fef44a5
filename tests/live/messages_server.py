"""A Messages API on 127.0.0.1 that answers from a script and keeps the truth about what it was asked and billed.

It speaks the streamed and the plain form of `/v1/messages`, counts tokens, and answers everything else with an empty
JSON object. What no script covers (compaction, titles, other side requests) gets a default answer, so a client never
waits for one. Keys and tokens are not looked at.
"""

import json
import select
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from . import wire
from .classify import request_kind, sample_of, session_id, wanted_schema
from .context import ContextSimulation
from .script import Failure, Reply, Script, Step, Usage, latest_marker, say
from .truth import Exchange, Truth
from .waiting import POLL_SECONDS, wait_until

SUMMARY = say("<analysis>Short.</analysis>\n<summary>Earlier work, in a few words.</summary>", output_tokens=400)
DEFAULT = say("Done.")
STREAM_HEADERS = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
LAST_CHUNK = b""


class MessagesServer:
    """The server with its script, its context simulation and its truth; a context manager that starts and stops it."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.context = ContextSimulation()
        self.compaction_reply: Step = SUMMARY
        self.default_reply: Step = DEFAULT
        self._script = Script()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._last_activity = time.monotonic()
        self._http = _QuietServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if self._http.errors and error is None:
            raise RuntimeError("the server failed to answer a request") from self._http.errors[0]

    @property
    def url(self) -> str:
        """Base URL for clients, without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def script(self, marker: str, *steps: Step) -> None:
        """Append replies (or failures) for requests whose latest user words hold `[[marker]]`."""
        self._script.add(marker, *steps)

    def left_over(self) -> dict[str, int]:
        """Scripted steps that were never asked for, by marker."""
        return self._script.left_over()

    def wait_for(self, condition: Callable[[], bool], *, timeout_seconds: float = 30.0) -> None:
        """Wait until `condition` holds; TimeoutError, which tells what came in, otherwise."""
        wait_until(condition, timeout_seconds=timeout_seconds, facts=self.describe)

    def wait_for_calls(self, count: int, *, timeout_seconds: float = 30.0) -> None:
        """Wait until `count` calls in all have been answered, failed or dropped."""
        self.wait_for(lambda: sum(call.done for call in self.truth.calls) >= count, timeout_seconds=timeout_seconds)

    def is_idle(self, quiet_seconds: float) -> bool:
        """Whether no request is in flight and none has begun or ended for `quiet_seconds`."""
        with self._lock:
            return not self._in_flight and time.monotonic() - self._last_activity >= quiet_seconds

    def wait_idle(self, *, quiet_seconds: float = 0.5, timeout_seconds: float = 30.0) -> None:
        """Wait until `is_idle`; TimeoutError otherwise."""
        self.wait_for(lambda: self.is_idle(quiet_seconds), timeout_seconds=timeout_seconds)

    def wait_for_stream(self, marker: str) -> Exchange:
        """Wait until a reply to `[[marker]]` has begun to stream and has not ended; for replies that pause."""
        streaming: list[Exchange] = []

        def found() -> bool:
            streaming[:] = [
                call for call in self.truth.calls if call.marker == marker and call.status and not call.done
            ]
            return bool(streaming)

        self.wait_for(found, timeout_seconds=30.0)
        return streaming[-1]

    def describe(self) -> str:
        """What came in, for messages of failed tests."""
        lines = [
            f"{call.number} {call.kind} {call.marker}#{call.step} {call.model_requested} {call.status} {call.billed}"
            for call in self.truth.calls
        ]
        return f"{len(lines)} calls: " + "; ".join(lines)

    def choose(self, exchange: Exchange) -> Step:
        """The step for a request: the script's if a marker covers it, else the default for its kind.

        A side request has the whole conversation before it, so only a marker in its own words counts.
        """
        body = exchange.body
        schema = wanted_schema(body)
        if exchange.kind == "compaction":
            return self.compaction_reply
        if schema is not None:
            return say(json.dumps(sample_of(schema)))
        words = body["messages"][-1:] if exchange.kind == "side" else body["messages"]
        exchange.marker = latest_marker(words)
        step, exchange.step = self._script.take(exchange.marker)
        return step or self.default_reply

    def usage_for(self, reply: Reply, exchange: Exchange) -> Usage:
        """The reply's own usage, or a simulated one."""
        if reply.usage is not None:
            return reply.usage
        return self.context.usage(exchange.body, exchange.session_id, output_tokens=reply.output_tokens)

    def begin(self, exchange: Exchange) -> None:
        """Note a request that has arrived."""
        self.truth.append(exchange)
        with self._lock:
            self._in_flight += 1
            self._last_activity = time.monotonic()

    def end(self, exchange: Exchange) -> None:
        """Note that a request is over, however it went."""
        exchange.done = True
        with self._lock:
            self._in_flight -= 1
            self._last_activity = time.monotonic()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.stopping = threading.Event()
        self.errors: list[BaseException | None] = []
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep an error of ours for the end; a client that goes away is an ordinary event."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.errors.append(error)


def _handler_of(server: MessagesServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"messages": server})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    messages: MessagesServer
    server: _QuietServer

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Nothing: the truth is the log."""

    def _handle(self) -> None:
        body = self._body()
        kind = request_kind(self.path, self.headers, body)
        exchange = Exchange(
            number=0,
            time_ms=time.time_ns() // 1_000_000,
            method=self.command,
            path=self.path,
            kind=kind,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            session_id=session_id(self.headers, body),
            model_requested=body.get("model"),
            request_id=f"req_{uuid.uuid4().hex[:24]}",
        )
        self.messages.begin(exchange)
        try:
            self._answer(exchange)
        except OSError:
            self.close_connection = True
        finally:
            self.messages.end(exchange)

    def _body(self) -> dict[str, Any]:
        text = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(text) if text else {}
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def _answer(self, exchange: Exchange) -> None:
        if exchange.kind == "other":
            self._send_json(exchange, 200, {})
        elif exchange.kind == "count_tokens":
            tokens = self.messages.context.prompt_tokens(exchange.body, exchange.session_id)
            self._send_json(exchange, 200, {"input_tokens": tokens})
        else:
            step = self.messages.choose(exchange)
            self._wait(step.delay_seconds)
            if isinstance(step, Failure):
                error = wire.error_json(step.error_type, step.message, str(exchange.request_id))
                self._send_json(exchange, step.status, error, dict(step.headers))
            else:
                self._send_message(exchange, step)

    def _send_message(self, exchange: Exchange, reply: Reply) -> None:
        exchange.usage = usage = self.messages.usage_for(reply, exchange)
        exchange.model = model = reply.model or str(exchange.model_requested)
        exchange.message_id = message_id = f"msg_{uuid.uuid4().hex[:24]}"
        exchange.stop_reason = reply.effective_stop_reason
        if exchange.body.get("stream"):
            self._start(exchange, 200, STREAM_HEADERS | dict(reply.headers))
            self._stream(exchange, reply, usage, message_id=message_id, model=model)
        else:
            exchange.billed = "yes"
            message = wire.message_json(reply, usage, message_id=message_id, model=model)
            self._send_json(exchange, 200, message, dict(reply.headers))

    def _stream(self, exchange: Exchange, reply: Reply, usage: Usage, *, message_id: str, model: str) -> None:
        """Send the events; the bill stands before the last one leaves, so that whoever got it finds it in the truth."""
        exchange.billed = "partial"
        self._send_events(wire.opening_events(reply, usage, message_id=message_id, model=model))
        self._wait(reply.pause_seconds)
        if reply.ending == "cut":
            self.close_connection = True
        elif reply.ending == "error":
            error = {"type": "overloaded_error", "message": "scripted failure"}
            self._send_events([wire.event("error", error=error), LAST_CHUNK])
        else:
            exchange.billed = "yes"
            try:
                self._send_events([*wire.closing_events(reply, usage, message_id=message_id), LAST_CHUNK])
            except OSError:
                exchange.billed = "partial"
                raise

    def _start(self, exchange: Exchange, status: int, headers: dict[str, str]) -> None:
        exchange.status = status
        self.send_response(status)
        self.send_header("request-id", str(exchange.request_id))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_json(
        self, exchange: Exchange, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(answer).encode()
        own = {"content-type": "application/json", "content-length": str(len(content))}
        self._start(exchange, status, own | (headers or {}))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_events(self, events: Iterable[bytes]) -> None:
        """Write events as chunks; ConnectionError when the client has gone."""
        for content in events:
            if self._client_is_gone():
                raise ConnectionError("the client closed the connection")
            self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
            self.wfile.flush()

    def _wait(self, seconds: float) -> None:
        """Pass time, but no longer than the client waits and the server lives."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._client_is_gone() or self.server.stopping.wait(min(POLL_SECONDS, left)):
                raise ConnectionError("the client closed the connection")

    def _client_is_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
