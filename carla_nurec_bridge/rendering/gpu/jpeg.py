"""JPEG on the GPU, by nvImageCodec where it is installed."""

from __future__ import annotations

import atexit
import importlib
import logging
from functools import cache
from typing import Any

from ..engines.forms import JpegFormat
from .device import INSTALL, GpuError

log = logging.getLogger(__name__)


class JpegEncoder:
    """Encode pictures that lie on one GPU."""

    def __init__(self, codec: Any, encoder: Any) -> None:
        self._codec, self._encoder = codec, encoder
        self._forms: dict[JpegFormat, Any] = {}

    def encode(self, rgb: Any, form: JpegFormat, stream: int) -> bytes:
        """Return uint8 (H, W, 3), on the GPU, as JPEG; GpuError when the codec refuses it.

        ``stream`` is the handle of the stream that draws it.
        """
        parameters = self._forms.get(form)
        if parameters is None:
            chroma = self._codec.ChromaSubsampling
            parameters = self._forms[form] = self._codec.EncodeParams(
                quality_type=self._codec.QualityType.QUALITY,
                quality_value=form.quality,
                chroma_subsampling=chroma.CSS_444 if form.full_colour else chroma.CSS_420,
            )
        image = self._codec.as_image(rgb, stream)
        data = self._encoder.encode(image, "jpeg", params=parameters, cuda_stream=stream)
        if data is None:
            raise GpuError(
                f"nvImageCodec refused a picture of {rgb.shape[1]} x {rgb.shape[0]} pixels at "
                f"quality {form.quality}"
            )
        return bytes(data)


@cache
def find_encoder(gpu: int) -> JpegEncoder | None:
    """Return the process's encoder of a GPU, or None where nvImageCodec cannot give one.

    It may not be installed, or lack the library that it encodes with (nvJPEG).
    """
    try:
        codec = importlib.import_module("nvidia.nvimgcodec")
    except ImportError:
        log.info("pictures of the GPU become JPEG on the processor: %s", INSTALL)
        return None
    on_gpu = (codec.BackendKind.GPU_ONLY, codec.BackendKind.HYBRID_CPU_GPU)
    try:
        encoder = codec.Encoder(device_id=gpu, backends=[codec.Backend(kind) for kind in on_gpu])
    except RuntimeError as error:
        log.warning("pictures of the GPU become JPEG on the processor: nvImageCodec: %s", error)
        return None
    return JpegEncoder(codec, encoder)


# Freed while the driver is still there.
atexit.register(find_encoder.cache_clear)
