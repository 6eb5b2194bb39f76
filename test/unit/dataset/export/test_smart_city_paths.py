"""The names are those that the pipeline's notebook and scripts have."""

from __future__ import annotations

from pathlib import Path

from carla_nurec_bridge.dataset.export.smart_city.paths import (
    COLLISIONS,
    SmartCityRun,
    negative,
    scenario_name,
)

RUN = SmartCityRun(Path("data/outputs"), "default_run")


def test_files_lie_where_the_notebook_looks_for_them():
    # Of notebooks/carla_synthetic_data_generation.ipynb and postprocess_for_vlm.py, release 0.1.0.
    name = scenario_name("1", "front", 1)
    scenario = "data/outputs/CARLA/default_run/scenario_1"
    augmented = "data/outputs/Cosmos/default_run/scenario_1/Augmentation_0"
    assert str(RUN.scenario(name)) == scenario
    assert str(RUN.rgb_video(name)) == f"{scenario}/videos/rgb.mp4"
    assert str(RUN.marked_video(name, COLLISIONS)) == f"{scenario}/events_collision_rgb_som.mp4"
    assert str(RUN.augmentation(name, 0) / "output.mp4") == f"{augmented}/output.mp4"
    marked = RUN.marked_augmentation(name, 0, negative(2))
    assert str(marked) == f"{augmented}/events_noncollision_2_som.mp4"
    balanced = "data/outputs/postprocess/carla_cosmos_annotations_balanced.json"
    assert str(RUN.annotation("balanced")) == balanced


def test_every_camera_of_a_scenario_is_one_of_the_pipelines():
    assert scenario_name("7", "left", 2) == "scenario_7_left"
    assert scenario_name("scenario_7", "left", 1) == "scenario_7"
