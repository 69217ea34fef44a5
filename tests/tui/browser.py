"""A headless Chromium, driven over its debugging protocol: enough to open a page, press keys and read the terminal."""

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_SECONDS = 30.0


def chromium() -> str | None:
    """The browser's program, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.requested: list[str] = []  # addresses that the page asked for

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive(timeout=_PATIENCE_SECONDS)).data)
            if message.get("method") == "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])

    async def value_of(self, script: str) -> Any:
        """What a script comes to."""
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return result["result"].get("value")

    async def press(self, text: str) -> None:
        """Type a letter."""
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, key=text, unmodifiedText=text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=text)

    async def wait_until(self, script: str) -> None:
        """Wait for a script to come to something true."""
        for _ in range(int(_PATIENCE_SECONDS / 0.1)):
            if await self.value_of(script):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"never true: {script}")


@asynccontextmanager
async def page(address: str) -> AsyncIterator[Page]:
    """Open an address in a browser of its own."""
    program = chromium()
    assert program is not None
    profile = tempfile.mkdtemp(prefix="taximeter-browser-")
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--window-size=1280,800",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": profile},
    )
    try:
        port = await asyncio.wait_for(_port_of(process), _PATIENCE_SECONDS)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                target = next(one for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                made = Page(socket)
                await made.call("Network.enable")
                await made.call("Page.enable")
                await made.call("Page.navigate", url=address)
                yield made
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def _port_of(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        found = re.search(rb"ws://127\.0\.0\.1:(\d+)/", line)
        if found:
            return int(found[1])
    raise AssertionError("the browser ended")
