"""Writes transcripts as the clients do, oddities included, and remembers what each call has to come to.

A world is grown by random steps; the same seed and number of steps give the same world. Every step is one of the ways
in which real files repeat, split, copy or hide a call (CLAUDE_CODE sections 1.2 to 1.8 and 8).
"""

import json
from collections.abc import Iterable
from typing import Any

from .scribe import START_MS, VERSIONS, MadeCall, Scribe, Transcript, grow_output, records


class World:
    """Sessions under construction. `files` maps a path below `projects` to its lines, newlines included."""

    def __init__(self, seed: int, start_ms: int = START_MS) -> None:
        self._scribe = Scribe(seed, start_ms)
        self._pick = self._scribe.pick
        self.files = self._scribe.files
        self.calls = self._scribe.calls
        self._newest_start = start_ms
        self._sessions: list[Transcript] = []
        self.start_session()

    def grow(self, steps: int) -> "World":
        """Take random steps."""
        ways = (
            (self.prompt, 4), (self.answer, 10), (self.agent_file, 3), (self.inline_agent, 2), (self.progress, 2),
            (self.start_session, 1), (self.fork, 2), (self.branch, 2), (self.foreign_copy, 2), (self.late_copy, 2),
            (self.append_history_again, 2), (self.replay_under_new_request, 2), (self.bridge, 2),
            (self.one_id_a_line, 2), (self.glue, 2), (self.cost_state, 1), (self.compaction, 1), (self.noise, 3),
            (self.clock_back, 1),
        )  # fmt: skip
        for _ in range(steps):
            step = self._pick.choices([way for way, _ in ways], [weight for _, weight in ways])[0]
            step()
        return self

    def contents(self) -> dict[str, bytes]:
        """The files as bytes."""
        return {path: b"".join(lines) for path, lines in self.files.items()}

    # -- ordinary lines ----------------------------------------------------------------------------------------------

    def start_session(self) -> None:
        """A new session with its first prompt."""
        session = self._scribe.uuid()
        path = f"-home-dev-{self._pick.choice('ab')}/{session}.jsonl"
        self._sessions.append(Transcript(session, path, self._pick.choice(VERSIONS)))
        self.files[path] = []
        self.prompt(self._sessions[-1])
        self._newest_start = self._scribe.now

    def prompt(self, transcript: Transcript | None = None) -> None:
        """The user types."""
        transcript = transcript or self._any_session()
        self._scribe.put(
            transcript,
            {
                "type": "user",
                "promptId": self._scribe.uuid(),
                "message": {"role": "user", "content": "please mend the parser"},
            },
        )

    def answer(self, transcript: Transcript | None = None) -> MadeCall:
        """A call of the main chain: one to four lines, growing or final, with a tool use and its result at times."""
        transcript = transcript or self._any_session()
        call = self._scribe.new_call(transcript.session, "", with_request=self._pick.random() < 0.8)
        for line in call.lines:
            self._scribe.put(transcript, line)
        transcript.calls.append(call)
        if self._pick.random() < 0.5:
            self._tool_round(transcript, call)
        return call

    def _tool_round(self, transcript: Transcript, call: MadeCall) -> None:
        for line in self._tool_lines(call):
            self._scribe.put(transcript, line)

    def _tool_lines(self, call: MadeCall) -> list[dict[str, Any]]:
        """A call's last line again, now with a tool use, and the result."""
        tool = f"toolu_{self._scribe.next_number()}"
        asked = {"type": "tool_use", "id": tool, "name": "Bash", "input": {"command": "git commit -m x"}}
        told = {"type": "tool_result", "tool_use_id": tool, "content": "[main 1a2b3c4] x", "is_error": False}
        line = call.lines[-1]
        return [
            {**line, "message": {**line["message"], "content": [asked]}},
            {
                "type": "user",
                "timestamp": self._scribe.tick(),
                "message": {"role": "user", "content": [told]},
                "toolUseResult": {"stdout": "x"},
            },
        ]

    def agent_file(self) -> None:
        """A subagent in its own file, in the new or the old layout."""
        transcript = self._any_session()
        agent = f"a{self._scribe.next_number():06x}"
        folder, _, _ = transcript.path.rpartition("/")
        new_layout = self._pick.random() < 0.6
        path = (
            f"{folder}/{transcript.session}/subagents/agent-{agent}.jsonl"
            if new_layout
            else f"{folder}/agent-{agent}.jsonl"
        )
        self.files[path] = []
        extra = {"isSidechain": True, "agentId": agent, "sessionId": transcript.session}
        self._scribe.line(path, {"type": "user", "message": {"role": "user", "content": "look around"}, **extra})
        for _ in range(self._pick.randint(1, 2)):
            call = self._scribe.new_call(transcript.session, agent)
            lines = [*call.lines, *(self._tool_lines(call) if self._pick.random() < 0.5 else [])]
            for line in lines:
                self._scribe.line(path, {**line, **extra})
            if self._pick.random() < 0.3:
                self._embed(transcript, agent, lines)

    def inline_agent(self) -> None:
        """Sidechain lines inside the main file, without an agent id."""
        transcript = self._any_session()
        uuid = self._scribe.uuid()
        extra = {"isSidechain": True, "parentUuid": None}
        self._scribe.put(
            transcript,
            {"type": "user", "uuid": uuid, "message": {"role": "user", "content": "look"}, **extra},
            keeps_tip=True,
        )
        call = self._scribe.new_call(transcript.session, None)
        for line in call.lines:
            own = self._scribe.uuid()
            self._scribe.put(transcript, {**line, **extra, "parentUuid": uuid, "uuid": own}, keeps_tip=True)
            uuid = own

    def progress(self) -> None:
        """A subagent's call that stands only inside progress records, at times with a tool use and all of it twice."""
        transcript = self._any_session()
        agent = f"p{self._scribe.next_number():06x}"
        call = self._scribe.new_call(transcript.session, agent)
        lines = [*call.lines, *(self._tool_lines(call) if self._pick.random() < 0.5 else [])]
        self._embed(transcript, agent, lines * self._pick.choice((1, 1, 2)))

    def _embed(self, transcript: Transcript, agent: str, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            inner = {
                "type": line["type"],
                "timestamp": line["timestamp"],
                "uuid": self._scribe.uuid(),
                "message": line["message"],
            }
            if "requestId" in line:
                inner["requestId"] = line["requestId"]
            row = {"type": "progress", "data": {"type": "agent_progress", "agentId": agent, "message": inner}}
            self._scribe.put(transcript, row)

    # -- copies ------------------------------------------------------------------------------------------------------

    def fork(self) -> None:
        """`--fork-session`: the whole history copied under a new session id, marked by `requestSessionId`."""
        self._copy(lambda line, origin: {**line, "requestSessionId": origin} if line["type"] == "assistant" else line)

    def branch(self) -> None:
        """`/branch`: copied lines carry `forkedFrom`."""
        self._copy(lambda line, origin: {**line, "forkedFrom": {"sessionId": origin, "messageUuid": line.get("uuid")}})

    def late_copy(self) -> None:
        """An unmarked copy that only the file's first row, written at the time of the copy, gives away."""
        self._copy(lambda line, origin: line, first_row=True)

    def foreign_copy(self) -> None:
        """An old resume: the new file starts with lines that keep the old session's id."""
        self._copy(lambda line, origin: {**line, "sessionId": origin}, first_row=self._pick.random() < 0.5)

    def _copy(self, mark: Any, *, first_row: bool = False) -> None:
        origin = self._any_session()
        if not origin.calls:
            self.answer(origin)
        lines = [json.loads(record) for raw in self.files[origin.path] for record in records(raw)]
        session = self._scribe.uuid()
        copy = Transcript(session, f"-home-dev-c/{session}.jsonl", origin.version, origin.last_uuid)
        self.files[copy.path] = []
        if first_row:
            self._scribe.now = self._scribe.latest
            row = {
                "type": "queue-operation",
                "operation": "enqueue",
                "timestamp": self._scribe.tick(10_000),
                "sessionId": session,
            }
            self._scribe.line(copy.path, row)
        for line in lines:
            if line.get("type") in ("assistant", "user"):
                first = line.get("requestSessionId") or line.get("forkedFrom", {}).get("sessionId")
                moved = {**line, "sessionId": session}
                # A copy of a copy keeps naming the session that made the call.
                self._scribe.line(copy.path, moved if first else mark(moved, line.get("sessionId", origin.session)))
        self._scribe.tick(5000)
        self._newest_start = self._scribe.now
        self._sessions.append(copy)
        self.prompt(copy)
        self.answer(copy)

    def append_history_again(self) -> None:
        """Old lines are written once more at the end, with the output count that a call starts with."""
        transcript = self._any_session()
        for call in transcript.calls[-3:]:
            line = json.loads(json.dumps(call.lines[0]))
            grow_output(line, call, 1)
            line["message"]["stop_reason"] = None
            self._scribe.line(transcript.path, {**line, "sessionId": transcript.session})

    def replay_under_new_request(self) -> None:
        """`/btw`: the same message id under another request id, in this or another file."""
        source, target = self._any_session(), self._any_session()
        if not source.calls:
            return
        call = source.calls[-1]
        request = f"req_{self._scribe.next_number()}"
        call.ids.add(request)
        version = self._pick.choice(VERSIONS)  # the client may have been replaced by a newer one since
        line = {**call.lines[-1], "requestId": request, "timestamp": self._scribe.tick(), "version": version}
        self._scribe.line(target.path, {**line, "sessionId": target.session, "requestSessionId": call.session})

    def bridge(self) -> None:
        """Two ids that nothing connects, then a line that holds one of each: all one call."""
        transcript = self._any_session()
        first = self._scribe.new_call(transcript.session, "")
        for line in first.lines:
            self._scribe.put(transcript, line)
        request = f"req_{self._scribe.next_number()}"
        other = f"msg_{self._scribe.next_number()}"
        grown = json.loads(json.dumps(first.lines[-1]))
        grown["message"]["id"], grown["requestId"] = other, request
        grow_output(grown, first, first.tokens.output + 5)
        grown["message"]["stop_reason"] = "end_turn"
        first.ids |= {other, request}
        first.tokens = first.tokens._replace(output=first.tokens.output + 5)
        first.is_floor = False
        link = {**first.lines[0], "requestId": request}
        for line in self._pick.sample([grown, link], 2):
            copy_of = {"requestSessionId": transcript.session}
            target = self._any_session()
            self._scribe.line(
                target.path, {**line, **copy_of, "sessionId": target.session, "timestamp": self._scribe.tick()}
            )
        transcript.calls.append(first)

    def one_id_a_line(self) -> None:
        """Some forks give every line its own message id: only the request id says that it is one call."""
        transcript = self._any_session()
        call = self._scribe.new_call(transcript.session, "")
        for line in call.lines:
            own = self._scribe.uuid()
            line["message"]["id"] = own
            call.ids.add(own)
            self._scribe.put(transcript, line)

    # -- rows that are no calls, and damage ---------------------------------------------------------------------------

    def cost_state(self) -> None:
        """The client's own total."""
        transcript = self._any_session()
        row = {
            "type": "cost-state",
            "sessionId": transcript.session,
            "totalCostUSD": 0.5,
            "startTime": START_MS,
            "modelUsage": {},
        }
        self._scribe.line(transcript.path, row)

    def compaction(self) -> None:
        """A compaction mark and its summary."""
        transcript = self._any_session()
        sizes = {"trigger": "auto", "preTokens": 150_000, "postTokens": 9_000}
        self._scribe.put(transcript, {"type": "system", "subtype": "compact_boundary", "compactMetadata": sizes})
        self._scribe.put(
            transcript, {"type": "user", "isCompactSummary": True, "message": {"role": "user", "content": "so far"}}
        )

    def noise(self) -> None:
        """Rows without spend, a synthetic answer, and lines that are no JSON."""
        transcript = self._any_session()
        synthetic = {
            "id": self._scribe.uuid(),
            "model": "<synthetic>",
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        rows = (
            {"type": "file-history-snapshot", "snapshot": {"a": "b" * 300}},
            {"type": "ai-title", "aiTitle": f"title {self._scribe.next_number()}", "sessionId": transcript.session},
            {"type": "assistant", "isApiErrorMessage": True, "error": "overloaded", "message": synthetic},
            {"type": "never-heard-of", "x": [1, 2]},
        )
        chosen = self._pick.randrange(len(rows) + 2)
        if chosen < len(rows):
            self._scribe.line(transcript.path, {**rows[chosen], "timestamp": self._scribe.tick()})
        elif chosen == len(rows):
            self.files[transcript.path].append(b'{"type":"assistant","message":{"id":"msg_cut\n')
        else:
            self.files[transcript.path].append(b"\0" * 40 + b"\n")

    def glue(self) -> None:
        """Two records on one physical line."""
        lines = self.files[self._any_session().path]
        if len(lines) > 1 and all(line.endswith(b"}\n") for line in lines[-2:]):
            second = lines.pop()
            lines[-1] = lines[-1][:-1] + second

    def clock_back(self) -> None:
        """The machine's clock is set back.

        Not before the newest session's first row: a line older than its file can only be told from a copy by a mark.
        """
        self._scribe.now = max(self._scribe.now - 2500, self._newest_start)

    def _any_session(self) -> Transcript:
        return self._pick.choice(self._sessions)
