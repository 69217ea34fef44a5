"""What a request is for, told by what clients put into it.

Watched in Claude Code 2.1.330 and Cline 3.0.65. A wording that is not known here makes a request an ordinary one.
"""

import json
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any

from .truth import Kind

COMPACTION_PROMPT = "Your task is to create a detailed summary of the conversation"
SIDE_QUESTION = "This is a side question from the user"


def request_kind(path: str, headers: Message, body: Mapping[str, Any]) -> Kind:
    """The kind of a request by its path, headers and content."""
    route = path.partition("?")[0].rstrip("/")
    if route.endswith("/messages/count_tokens"):
        return "count_tokens"
    if not route.endswith("/messages") or not isinstance(body.get("messages"), list):
        return "other"
    if COMPACTION_PROMPT in last_user_text(body):
        return "compaction"
    if not body.get("tools") or wanted_schema(body) or searches_the_web(body) or SIDE_QUESTION in last_user_text(body):
        return "side"
    return "subagent" if is_subagent(headers, tool_names(body)) else "main"


def is_subagent(headers: Message, names: Sequence[str]) -> bool:
    """Claude Code names its agent in a header; Cline's agents have the tool to spawn others but none for teams."""
    cline_agent = "spawn_agent" in names and not any(name.startswith("team_") for name in names)
    return "x-claude-code-agent-id" in headers or cline_agent


def tool_names(body: Mapping[str, Any]) -> list[str]:
    """Names of the tools that the request offers."""
    return [str(tool.get("name")) for tool in body.get("tools") or []]


def searches_the_web(body: Mapping[str, Any]) -> bool:
    """Whether the only tool is the provider's own search: the inner request of a client's search tool."""
    tools = body.get("tools") or []
    return len(tools) == 1 and str(tools[0].get("type", "")).startswith("web_search")


def wanted_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must follow, as titles and prompt hooks ask for; None for free text."""
    answer_format = (body.get("output_config") or {}).get("format") or {}
    schema = answer_format.get("schema")
    return schema if isinstance(schema, Mapping) else None


def session_id(headers: Message, body: Mapping[str, Any]) -> str | None:
    """The client's session id where it sends one."""
    named = headers.get("x-claude-code-session-id")
    if named:
        return str(named)
    try:
        user = json.loads((body.get("metadata") or {}).get("user_id") or "{}")
    except ValueError:
        return None
    return user.get("session_id") if isinstance(user, Mapping) else None


def last_user_text(body: Mapping[str, Any]) -> str:
    """The whole text of the last user message, reminders included."""
    for message in reversed(body.get("messages") or []):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "\n".join(str(block.get("text", "")) for block in content or [])
    return ""


def sample_of(schema: Mapping[str, Any]) -> Any:
    """A value that follows a JSON schema, as plain as can be: required fields only, true, 0, a short text."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties") or {}
        return {name: sample_of(fields[name]) for name in schema.get("required") or fields}
    if kind == "array":
        return []
    return {"boolean": True, "integer": 0, "number": 0, "null": None}.get(str(kind), "Scripted")
