"""JSON schemas of records that are written, as the package ships them."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .record import Record

_BASE = "https://carla-nurec-bridge.invalid/schemas"


class _Untitled(GenerateJsonSchema):
    """Fields have their key and description, and no third name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def written_schema(kind: type[Record], file: str) -> dict[str, Any]:
    """Return the schema of a record as it is written; ``file`` is the schema's file name."""
    schema = kind.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{_BASE}/{file}", **schema}
