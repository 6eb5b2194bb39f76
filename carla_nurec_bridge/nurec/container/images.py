"""Which image a NuRec server runs from, by release or by name, and how it is called in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...core.errors import InputError

IMAGE_VARIABLE = "NUREC_IMAGE"
RELEASES: dict[str, str] = {
    "25.07": "carlasimulator/nvidia-nurec-grpc:0.2.0",
    "26.04": "nvcr.io/nvidia/nre/nre-ga:26.04",
    "26.10": "nvcr.io/nvidia/nre/nurec-ga:26.10",
}
"""Images of NuRec's releases. 25.07 is CARLA 0.9.16's; since 26.10 the name is ``nurec-ga``."""
USUAL_RELEASE = "25.07"

_RELEASE = re.compile(r"\d\d\.\d\d")
_NAMES = {"nre", "nre-ga", "nurec", "nurec-ga"}
_TOOLS = {"nre-tools-ga": "nre-ga", "nurec-tools-ga": "nurec-ga"}


def image_from(environment: Mapping[str, str]) -> str:
    """Return the image that NUREC_IMAGE names, or CARLA's usual one."""
    return image_named(environment.get(IMAGE_VARIABLE) or USUAL_RELEASE)


def image_named(given: str) -> str:
    """Return the image of a release such as ``26.10``, or the image that is ``given`` itself.

    InputError for a release that is not known, and for an image that holds no server.
    """
    if _RELEASE.fullmatch(given):
        if given not in RELEASES:
            raise InputError(
                f"the image of NuRec {given} is not known here, those of "
                f"{', '.join(RELEASES)} are; give the image's whole name"
            )
        return RELEASES[given]
    server = _TOOLS.get(_name(given))
    if server is not None:
        raise InputError(f"{given} holds NuRec's tools, no server; take {server}")
    return given


def subcommand(image: str) -> tuple[str, ...]:
    """Return what precedes the server's options: NVIDIA's own images have several programs."""
    return ("serve-grpc",) if _name(image) in _NAMES else ()


def _name(image: str) -> str:
    """Return the last part of an image's path, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
