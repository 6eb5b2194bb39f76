"""Text tables: CSV with a heading, or columns in a known order; errors name line and column."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ..package.model import Stamps

_MOST_ROWS = 5_000_000
_MOST_US = 1 << 62
_DELIMITERS = ",;\t"


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a table by column; ``lines`` (N,) are the rows' line numbers in the file."""

    path: Path
    columns: Mapping[str, Sequence[str]]
    lines: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column (N,) as numbers; InputError at a cell that is no finite number."""
        return np.array([self.number(name, row) for row in range(len(self))], np.float64)

    def stamps_us(self, name: str, us_per_unit: Decimal) -> Stamps:
        """Return a column of times (N,) in microseconds, rounded from the decimals as written."""
        return np.array([self._stamp(name, row, us_per_unit) for row in range(len(self))], np.int64)

    def number(self, name: str, row: int) -> float:
        """Return a cell as a number; InputError when it is no finite one."""
        cell = self.columns[name][row]
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.fail(row, name, f"{cell!r} is not a number; mend or remove the row")
        return value

    def fail(self, row: int, name: str, text: str) -> InputError:
        """Return the error of a cell."""
        return InputError(f"{self.path}: line {self.lines[row]}, column {name}: {text}")

    def _stamp(self, name: str, row: int, us_per_unit: Decimal) -> int:
        cell = self.columns[name][row]
        try:
            stamp = Decimal(cell) * us_per_unit
        except InvalidOperation:
            stamp = Decimal("nan")
        if not stamp.is_finite() or abs(stamp) >= _MOST_US:
            raise self.fail(row, name, f"{cell!r} is not a time; mend or remove the row")
        return round(stamp)


def read_csv(path: Path) -> Table:
    """Read a CSV file whose first line names the columns.

    Commas, semicolons or tabs part the cells; empty lines and lines that begin with ``#`` are
    skipped. InputError names the line that does not fit.
    """
    rows = _lines(path)
    try:
        _, heading = next(rows)
    except StopIteration:
        raise InputError(f"{path} is empty; its first line must name the columns") from None
    delimiter = max(_DELIMITERS, key=heading.count)
    names = [name.strip() for name in _cells(heading, delimiter)]
    for name in names:
        if names.count(name) > 1 or not name:
            what = f"{name!r} twice" if name else "a column without a name"
            raise InputError(f"{path}: its first line has {what}; give every column one name")
    return _table(path, names, ((n, _cells(line, delimiter)) for n, line in rows))


def read_columns(path: Path, names: Sequence[str]) -> Table:
    """Read a file without a heading: cells parted by blanks, in the order of ``names``."""
    return _table(path, names, ((n, line.split()) for n, line in _lines(path)))


def _table(path: Path, names: Sequence[str], rows: Iterable[tuple[int, list[str]]]) -> Table:
    lines: list[int] = []
    cells: list[list[str]] = []
    for number, row in rows:
        if len(row) != len(names):
            raise InputError(
                f"{path}: line {number} has {len(row)} cells, not {len(names)} "
                f"({', '.join(names)}); mend or remove it"
            )
        if len(cells) == _MOST_ROWS:
            raise InputError(f"{path} has more than {_MOST_ROWS} rows; cut it into pieces")
        lines.append(number)
        cells.append(row)
    if not cells:
        raise InputError(f"{path} has no rows; it needs one for each pose")
    columns = dict(zip(names, zip(*cells, strict=True), strict=True))
    return Table(path, columns, np.array(lines, np.int64))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(file, 1):
                if line.strip() and not line.lstrip().startswith("#"):
                    yield number, line.strip("\n")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file (byte {error.start})") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
