"""What can go wrong, one class per reaction of the caller; nothing here knows HTTP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it stands and what to do.

    `row` and `column` count as the sheet does (from 1 / its heading); `field` is
    the English name of the input field. Any of them may be missing.
    """

    message: str
    code: str = "invalid"
    field: str | None = None
    row: int | None = None
    column: str | None = None


class DomainError(Exception):
    """A use case was refused; `message` is Vietnamese and fit to be shown."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class Invalid(DomainError):
    """The input breaks a rule; the caller can correct it and try again."""


class NotFound(DomainError):
    """It does not exist, or not for this user: both look alike."""


class Forbidden(DomainError):
    """The user may see it but may not do this."""


class FreshSignInNeeded(Forbidden):
    """The act asks for the password again (or TOTP) within the last minutes."""


class Conflict(DomainError):
    """Its state has moved on; look again before deciding."""


class TooLarge(DomainError):
    """Over a stated limit of size or number."""


class Throttled(DomainError):
    """Too many tries; `retry_after` in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """A part the service needs (database, disk) does not answer now."""
