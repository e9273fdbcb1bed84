"""What a refused form shows: the problems on top, and the message beside each field."""

from collections.abc import Iterable

from market.domain.errors import DomainError, Problem


def problems_of(refused: DomainError | None) -> tuple[Problem, ...]:
    """The problems of a refusal; one without any is a problem itself, of no field."""
    if refused is None:
        return ()
    return refused.problems or (Problem(refused.message),)


def errors_by_field(problems: Iterable[Problem]) -> dict[str, str]:
    """The first message for each field at fault."""
    errors: dict[str, str] = {}
    for problem in problems:
        if problem.field:
            errors.setdefault(problem.field, problem.message)
    return errors
