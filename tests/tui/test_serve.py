"""`taximeter serve`: nothing without the token, nothing from elsewhere, and the dashboard itself in a real browser."""

import asyncio
import os
import shlex
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from tests.tui.browser import chromium, page
from tracker.cli.common import Invocation
from tracker.cli.serve import dashboard_command
from tui.web.server import COOKIE, TokenServer, new_token

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-tests"


@pytest.fixture
async def client() -> AsyncIterator["TestClient[aiohttp.web.Request, aiohttp.web.Application]"]:
    """A client of the service; the dashboard that it would start is a program that ends at once."""
    server = TokenServer(
        shlex.join([sys.executable, "-c", ""]), host="127.0.0.1", port=8642, token=TOKEN, on_ready=lambda _address: None
    )
    async with TestClient(TestServer(await server._make_app())) as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/?token=wrong"])
async def test_nothing_is_answered_without_the_token(client: TestClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 403
    assert "token" in await answer.text()


async def test_the_token_leaves_a_cookie_and_a_clean_address(client: TestClient) -> None:
    answer = await client.get(f"/?token={TOKEN}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    cookie = answer.cookies[COOKIE]
    assert cookie.value == TOKEN
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"


async def test_the_page_names_nothing_from_elsewhere(client: TestClient) -> None:
    answer = await client.get("/", cookies={COOKIE: TOKEN})
    text = await answer.text()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    host = f"http://{answer.url.host}:{answer.url.port}"
    assert all(part.startswith((host, f"ws{host[4:]}")) for part in links(text))
    assert TOKEN not in text


def links(page_text: str) -> list[str]:
    """Every address on a page."""
    return [part.split('"')[0] for part in page_text.split('"') if "://" in part]


async def test_a_name_that_is_not_this_machines_is_refused(client: TestClient) -> None:
    for headers in ({"Host": "evil.example:8642"}, {"Origin": "http://evil.example"}):
        answer = await client.get("/", cookies={COOKIE: TOKEN}, headers=headers)
        assert answer.status == 403


async def test_a_cookie_that_is_no_text_is_refused(client: TestClient) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s=\xff\r\n\r\n" % COOKIE.encode())
    answer = await reader.readline()
    writer.close()
    assert b" 403 " in answer


def test_tokens_are_long_and_never_the_same() -> None:
    assert len({new_token() for _ in range(50)}) == 50
    assert min(len(new_token()) for _ in range(50)) >= 32


def test_the_served_dashboard_looks_at_the_same_folders(tmp_path: Path) -> None:
    invocation = Invocation()
    invocation.add_dirs([tmp_path / "a folder"], [])
    words = shlex.split(dashboard_command(invocation))
    assert words[:2] == [sys.executable, "-I"]
    assert words[-2:] == ["--claude-dir", str(tmp_path / "a folder")]


@pytest.fixture
async def running(sample_claude_dir: Path, isolated_home: Path) -> AsyncIterator[Process]:
    """A running `taximeter serve` over the samples."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(ROOT / "taximeter.py"), "serve"),
        *("--claude-dir", str(sample_claude_dir), "--port", str(free_port())),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TAXIMETER_HOME": str(isolated_home)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 20)


@pytest.fixture
async def service(running: Process) -> str:
    """Its address."""
    assert running.stdout is not None
    return (await asyncio.wait_for(running.stdout.readline(), 20)).decode().strip()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_malformed_requests_leave_no_token_on_the_terminal(service: str, running: Process) -> None:
    address = URL(service)
    assert address.host is not None
    for request in ("/?{}&fontsize=²", "/ws?{}&width=²", "/ {} \x00"):
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(f"GET {request.format(address.query_string)} HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.0 400")
        writer.close()
    running.send_signal(signal.SIGINT)
    said = b"".join(part for part in await asyncio.wait_for(running.communicate(), 20) if part)
    assert address.query["token"].encode() not in said
    assert b"Traceback" not in said


async def test_a_size_that_is_no_number_is_left_aside(client: TestClient) -> None:
    answer = await client.get("/", params={"fontsize": "²"}, cookies={COOKIE: TOKEN})
    assert answer.status == 200
    assert "²" not in await answer.text()


async def test_the_dashboard_itself_comes_through(service: str) -> None:
    """The terminal's bytes over the socket, as a browser gets them."""
    base = URL(service).with_query(None)
    async with (
        asyncio.timeout(60),
        aiohttp.ClientSession(cookies={COOKIE: URL(service).query["token"]}) as session,
        session.ws_connect(base / "ws", params={"width": "120", "height": "40"}) as socket,
    ):
        seen = b""
        while b"orders-api" not in seen:  # the project of the samples' last session
            message = await socket.receive()
            seen += message.data if isinstance(message.data, bytes) else b""
        await socket.send_json(["stdin", "q"])
        while not socket.closed:
            await socket.receive()
    assert b"Taximeter" in seen


@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
async def test_a_real_browser_shows_it_and_its_keys_work(service: str) -> None:
    async with page(service) as tab:
        await tab.wait_until("document.body.classList.contains('-first-byte')")
        assert await tab.value_of("location.search") == ""
        origin = URL(service).origin()
        assert all(URL(address).origin() == origin for address in tab.requested)
        await asyncio.sleep(1)
        await tab.press("q")
        await tab.wait_until("document.body.classList.contains('-closed')")
