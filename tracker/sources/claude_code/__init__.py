"""Claude Code transcripts: `<config>/projects/**/*.jsonl`, every client version (CLAUDE_CODE 1 and 8)."""

from tracker.sources.claude_code.source import ClaudeCodeSource

__all__ = ["ClaudeCodeSource"]
