"""A camera of a scenario: its model, and where it is in each frame."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...core.cameras.models import CameraModel, FThetaCamera, camera_from_json
from ...core.frames import Matrix
from ...core.run_contract.record import Record
from ..truth.geometry import RigidTransform
from ..truth.names import PathPart

Row = tuple[float, float, float]


def camera_matrix(model: CameraModel) -> tuple[Row, Row, Row] | None:
    """Return the 3x3 camera matrix in pixels, None for a model that has none."""
    if isinstance(model, FThetaCamera):
        return None
    (fx, fy), (cx, cy) = model.focal_length, model.principal_point
    return (fx, 0.0, cx), (0.0, fy, cy), (0.0, 0.0, 1.0)


class CameraCalibration(Record):
    """A camera's optics and places; pixel centres lie at half numbers."""

    camera: PathPart
    width: int
    height: int
    camera_model: dict[str, Any] = Field(description="type and parameters, as in a NuRec scene")
    k: tuple[Row, Row, Row] | None = Field(
        description="3x3 camera matrix, px; null for a model that has none"
    )
    rig_from_camera: RigidTransform = Field(description="optical axes on the rig, or in the map")
    carrier_track_id: int | None = Field(
        description="who carries it; null where it stands still, or nobody told"
    )
    map_from_camera: tuple[RigidTransform, ...] = Field(
        description="optical axes in the map, one a frame; a single one where it stands still"
    )

    def model(self) -> CameraModel:
        """Return the camera's model."""
        return camera_from_json(self.camera_model)

    def pose(self, number: int) -> Matrix:
        """Return map_from_camera (4, 4) of a frame."""
        places = self.map_from_camera
        return places[0 if len(places) == 1 else number].matrix()
