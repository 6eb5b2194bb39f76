"""One camera by its short and by its full name."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.cameras.camera_names import camera_named, cameras_text


@pytest.mark.parametrize(
    ("asked", "offered", "sequence", "found"),
    [
        ("a", ("a", "b"), "", "a"),
        ("a@s", ("a", "b"), "", "a"),
        ("a@s", ("a", "b"), "s", "a"),
        ("a@t", ("a", "b"), "s", None),
        ("a", ("a@s", "b@s"), "", "a@s"),
        ("a@t", ("a@s", "a@t"), "", "a@t"),
        ("a@t", ("a@s",), "", None),
        ("c", ("a", "b"), "", None),
        ("a", (), "", None),
    ],
)
def test_short_and_full_names_meet(
    asked: str, offered: tuple[str, ...], sequence: str, found: str | None
) -> None:
    assert camera_named(asked, offered, sequence) == found


def test_a_scene_without_cameras_is_said_in_words() -> None:
    assert cameras_text(("b", "a")) == "it has: a, b"
    assert cameras_text(()) == "it has no cameras at all"
