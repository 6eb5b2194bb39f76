"""One picture of a NuRec camera: its bytes as they came, its pixels while somebody wants them."""

from __future__ import annotations

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ...core.rig.rig import RigCamera
from ...nurec.images import decoded, planar


class RenderedImage:
    """A picture in the format that the rig asks NuRec for."""

    def __init__(self, camera: RigCamera, image: bytes) -> None:
        self._camera = camera
        self._image = image
        self._pixels: NDArray[np.uint8] | None = None

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The RGB pixels (H, W, 3), decoded once; ProtocolError when the bytes hold none."""
        if self._pixels is None:
            model = self._camera.model
            bare = self._camera.image_format == "planar"
            self._pixels = (
                planar(self._image, model.width, model.height) if bare else decoded(self._image)
            )
        return self._pixels

    def compressed(self) -> tuple[bytes, str]:
        """Return bytes and format: NuRec's own, or a JPEG made here where it sent bare pixels."""
        if self._camera.image_format != "planar":
            return self._image, self._camera.image_format
        quality = round(self._camera.quality)
        return simplejpeg.encode_jpeg(self.pixels, quality=quality, colorspace="RGB"), "jpeg"
