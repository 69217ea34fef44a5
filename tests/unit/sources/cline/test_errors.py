"""Failures are told apart by status; their words stay where they are."""

import json

import pytest

from tracker.sources.cline.errors import error_detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OpenRouter API Error 402: Insufficient credits. Add more using https://openrouter.ai/credits", "402"),
        ("OpenRouter API Error 403: Your chosen model requires moderation\nMetadata: {}", "403"),
        ("OpenRouter API Error 403: Key limit exceeded (daily limit). Manage it at the provider", "key_limit"),
        (json.dumps({"message": "Key limit exceeded (total limit).", "status": 403}), "key_limit"),
        ("Your chosen model requires moderation and your input was flagged", "403"),
        ("This request requires more credits, or fewer max_tokens. To go on, add credits", "402"),
        ("This request requires more credits. To go on, create a key with a higher monthly limit", "key_limit"),
        ("OpenRouter API Error 429: Rate limit exceeded: free-models-per-day", "429"),
        ('OpenRouter Mid-Stream Error: {\n  "code": 429,\n  "message": "slow down"\n}', "429"),
        (json.dumps({"message": "402 Insufficient credits", "status": 402, "providerId": "openrouter"}), "402"),
        (json.dumps({"message": "OpenRouter API Error 403: no", "modelId": "m"}), "403"),
        (json.dumps({"message": "x", "status": 429, "code": "SPEND_LIMIT_EXCEEDED"}), "429"),
        (json.dumps({"message": "x", "code": 402}), "402"),
        (json.dumps({"message": "terminated", "code": "UND_ERR_SOCKET"}), "UND_ERR_SOCKET"),
        ("429 Too Many Requests", "429"),
        ("Request failed with status code 503", "503"),
        ("Rate limit reached for this organization", "429"),
        ("Your credit balance is too low", "credits"),
        ("Overloaded", "overloaded"),
        ("Something with 402 files in it went wrong", "other"),
        ("{not json", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_an_error_is_known_by_its_status_code_or_words(text: str | None, expected: str) -> None:
    assert error_detail(text) == expected


def test_no_word_of_a_message_is_kept() -> None:
    secret = "sk-ant-api03-secret"
    assert secret not in error_detail(json.dumps({"message": f"invalid key {secret}", "code": f"key {secret}"}))
