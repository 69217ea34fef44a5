"""Errors whose message is a sentence for the user; the command line prints it and sets the exit code."""


class UserError(Exception):
    """Something could not be done; the message says what, where, and what to do."""

    exit_code = 1


class UsageError(UserError):
    """Invalid input or settings."""

    exit_code = 2
