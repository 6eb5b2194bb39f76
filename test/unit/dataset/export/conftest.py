"""Exports of the small data set, each made once."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.split import ALL


@pytest.fixture(scope="session")
def exported(dataset, tmp_path_factory):
    """Return the folder of an export of the small data set to a format."""
    made = {}

    def folder(name: str):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "out"
            export_dataset(dataset, FORMATS[name], made[name], ALL, 0, lambda *_: None)
        return made[name]

    return folder
