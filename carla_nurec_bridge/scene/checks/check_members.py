"""Which members a package holds, and whether each begins as its kind must."""

from __future__ import annotations

import re
import zlib

import msgpack

from ...core.errors import InputError
from ...core.files.archive import Archive
from ..package.problems import Findings
from ..package.schema import DataInfo, FullRigTrajectories
from ..package.surface import MESH, MESH_GROUND, decode_ply

_KNOWN = (
    r"metadata\.yaml",
    r"data_info\.json",
    r"rig_trajectories\.json",
    r"sequence_tracks\.json",
    r"datasource_summary\.json",
    r"parsed_config\.yaml",
    r"map\.xodr",
    r"mesh(_ground)?\.ply",
    r"[^/]+\.usd[ac]?",
    r"[^/]+\.nurec",
    r"checkpoint\.ckpt",
    r"nerf\.ingp",
    r"(clipgt|map_data|fastmap)/.+",
    r"frames/[^/]+/\d+\.(jpe?g|png)",
    r"external_assets/[^/]+/.+",
    r"labels\.json",
    r"[^/]+\.mp4",
)
_IS_KNOWN = re.compile("|".join(f"(?:{pattern})" for pattern in _KNOWN))
_BEGINS = {
    ".usda": (b"#usda 1.", "a USD text layer"),
    ".usdc": (b"PXR-USDC", "a USD crate"),
    ".nurec": (b"\x1f\x8b", "a gzip payload of NuRec"),
    ".parquet": (b"PAR1", "a Parquet table"),
    ".jpg": (b"\xff\xd8\xff", "a JPEG"),
    ".jpeg": (b"\xff\xd8\xff", "a JPEG"),
    ".png": (b"\x89PNG\r\n\x1a\n", "a PNG"),
    ".ply": (b"ply", "a PLY"),
}
_MOST_PLY_BYTES = 1 << 30
_HEAD_BYTES = 1 << 16
_FRAME = re.compile(r"frames/([^/]+)/(\d+)\.\w+")
_PAYLOAD_VERSION = re.compile(r"(0\.2|2[56]\.\d+)\.")


def check_members(
    archive: Archive, rigs: FullRigTrajectories | None, info: DataInfo | None, found: Findings
) -> None:
    """Note members that are not known, that are not of their kind, or that fit nothing else.

    ``rigs`` and ``info`` are None where these members could not be read.
    """
    for name, member in archive.members.items():
        if not _IS_KNOWN.fullmatch(name):
            found.warn(name, "", "it is not a known member; it is not read")
            continue
        suffix = name[name.rfind(".") :].lower()
        if suffix not in _BEGINS:
            continue
        head = archive.head(name, _HEAD_BYTES)
        begins, kind = _BEGINS[suffix]
        if not head.startswith(begins):
            found.warn(name, "", f"it is not {kind}: it does not begin with {begins!r}")
        elif suffix == ".nurec":
            _check_payload(name, head, found)
        elif suffix == ".parquet" and member.file_size < 12:
            found.warn(name, "", f"it is cut off: {member.file_size} bytes are no {kind[2:]}")
        _check_frame(name, rigs, info, found)
    for name in (MESH, MESH_GROUND):
        if name in archive.members:
            try:
                decode_ply(archive.read(name, _MOST_PLY_BYTES), name)
            except InputError as error:
                found.error(name, "", str(error))


def _check_frame(
    name: str, rigs: FullRigTrajectories | None, info: DataInfo | None, found: Findings
) -> None:
    """Note a reference picture of a camera or a time that the scene does not have."""
    match = _FRAME.fullmatch(name)
    if match is None:
        return
    camera, stamp_us = match[1], int(match[2])
    if rigs is not None:
        known = {c.logical_sensor_name for c in rigs.camera_calibrations.values()}
        if camera not in known:
            found.warn(name, "", f"there is no camera {camera}")
    if info is not None and not info.pose_range.start_us <= stamp_us <= info.pose_range.end_us:
        found.warn(name, "", "its time lies outside the pose-range")


def _check_payload(name: str, head: bytes, found: Findings) -> None:
    """Look at the beginning of NuRec's payload: MessagePack with ``nre_data.version``."""
    try:
        plain = zlib.decompressobj(wbits=31).decompress(head, 4 * _HEAD_BYTES)
        version, model = _payload_head(plain)
    except (zlib.error, ValueError, msgpack.UnpackException) as error:
        found.warn(name, "", f"it is damaged: {str(error) or type(error).__name__}")
        return
    if version is not None and not _PAYLOAD_VERSION.match(version):
        text = f"{version!r} is not a known version; 0.2, 25 and 26 are"
        found.warn(name, "nre_data.version", text)
    if model not in (None, "nre"):
        found.warn(name, "nre_data.model", f"{model!r} is not a known model; nre is")


def _payload_head(plain: bytes) -> tuple[str | None, str | None]:
    """Return version and model as far as they stand before the weights."""
    unpacker = msgpack.Unpacker(max_buffer_size=len(plain) + 1)
    unpacker.feed(plain)
    values: dict[str, str] = {}
    if unpacker.read_map_header() < 1 or unpacker.unpack() != "nre_data":
        raise ValueError("its MessagePack does not begin with nre_data")
    try:
        for _ in range(unpacker.read_map_header()):
            key = unpacker.unpack()
            if key not in ("version", "model"):
                unpacker.skip()
                continue
            values[key] = str(unpacker.unpack())
    except msgpack.OutOfData:
        pass
    return values.get("version"), values.get("model")
