"""What is wrong with a package, collected: in which member, at which field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning"]
_MOST_OF_A_KIND = 20


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: in which member, at which field, and what.

    A package with an ``error`` cannot be opened; a ``warning`` costs something.
    """

    level: Level
    member: str
    field: str
    text: str


@dataclass
class Findings:
    """Problems as they are found; of many alike in one member only the first 20 are kept."""

    problems: list[Problem] = field(default_factory=list)
    _alike: dict[tuple[str, str], int] = field(default_factory=dict)

    def error(self, member: str, where: str, text: str) -> None:
        """Add what keeps the package from being opened."""
        self._add("error", member, where, text)

    def warn(self, member: str, where: str, text: str) -> None:
        """Add what costs something."""
        self._add("warning", member, where, text)

    @property
    def broken(self) -> bool:
        """Whether there is an error."""
        return any(problem.level == "error" for problem in self.problems)

    def all(self) -> list[Problem]:
        """Return the problems, errors first, and how many were left out."""
        more = [
            Problem(
                "warning",
                member,
                "",
                f"{count - _MOST_OF_A_KIND} more problems of this kind: {kind}",
            )
            for (member, kind), count in self._alike.items()
            if count > _MOST_OF_A_KIND
        ]
        return sorted([*self.problems, *more], key=lambda problem: problem.level)

    def _add(self, level: Level, member: str, where: str, text: str) -> None:
        kind = (member, text.partition(";")[0])
        self._alike[kind] = self._alike.get(kind, 0) + 1
        if self._alike[kind] <= _MOST_OF_A_KIND:
            self.problems.append(Problem(level, member, where, text))
