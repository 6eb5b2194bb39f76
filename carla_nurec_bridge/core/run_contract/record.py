"""Values that a run leaves as JSON: frozen, without unknown fields, rounded only where written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer

Rounded = Annotated[float, PlainSerializer(partial(round, ndigits=3), return_type=float)]
"""A figure that is written with three decimals: millimetres, milliseconds."""

Rounded4 = Annotated[float, PlainSerializer(partial(round, ndigits=4), return_type=float)]
"""A figure that is written with four decimals."""


class Record(BaseModel):
    """A value of typed, described fields, and the JSON table that it becomes.

    A field with a default that nobody has set is not written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def to_json(self) -> dict[str, Any]:
        """Return the table as values that JSON can hold."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def table_of(records: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
    """Return named records as a table of tables that JSON can hold."""
    return {name: record.to_json() for name, record in records.items()}
