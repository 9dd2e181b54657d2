"""What a run can fail with: each child is one exit status, each message one line that says what failed, on what, and
what to do.
"""


class AdvisorError(Exception):
    """Base of all expected failures; never raised itself."""

    exit_status = 2


class InputError(AdvisorError):
    """The user must fix something: a file, a setting, a missing package."""


class SourceError(AdvisorError):
    """The source could not be reached, or refused."""

    exit_status = 3
