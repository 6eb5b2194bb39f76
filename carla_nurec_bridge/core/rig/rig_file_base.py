"""What the entries of a rig's YAML file share: names, units, the mount."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..frames import Matrix, matrix_from_xyz_rpy

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=-50.0, le=50.0)]
Degrees = Annotated[float, Field(ge=-360.0, le=360.0)]
Rate = Annotated[float, Field(gt=0.0, le=1000.0, description="samples a simulated second, Hz")]


class Strict(BaseModel):
    """An entry without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Mount(Strict):
    """Where a sensor sits in base_link, its own axes x forward, y left, z up."""

    position_m: tuple[Metres, Metres, Metres]
    rpy_deg: tuple[Degrees, Degrees, Degrees] = (0.0, 0.0, 0.0)

    def matrix(self) -> Matrix:
        """Return the matrix (4, 4) that takes the sensor's own axes to base_link."""
        return matrix_from_xyz_rpy(self.position_m, np.radians(self.rpy_deg))
