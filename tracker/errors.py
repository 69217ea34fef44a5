"""Errors that are sentences for the user; the command line prints the sentence and leaves with the exit code."""


class UserError(Exception):
    """Something could not be done: what, where, what to do."""

    exit_code = 1


class UsageError(UserError):
    """What the user typed, or set, makes no sense."""

    exit_code = 2
