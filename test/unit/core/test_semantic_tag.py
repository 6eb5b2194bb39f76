"""The names that code uses for CARLA's semantic tags are those of the table."""

from __future__ import annotations

from carla_nurec_bridge.core.semantic_tag import Tag
from carla_nurec_bridge.world.semantic_tags import semantic_tags


def test_every_tag_of_the_table_has_its_name() -> None:
    assert {tag.name.lower(): int(tag) for tag in Tag} == {
        row.name: row.tag for row in semantic_tags()
    }
