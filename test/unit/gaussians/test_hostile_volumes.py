"""Volumes that are cut off, lie about their sizes, or unpack beyond reason."""

import gzip
import io
import struct
import zipfile

import msgpack
import pytest

from carla_nurec_bridge.core.errors import InputError

from .volume_files import (
    driving_config,
    driving_state,
    driving_volume_with,
    layer_config,
    read_volume,
    volume_file,
)


def with_state(**entries: object) -> bytes:
    state = driving_state()
    for key, value in entries.items():
        state[f".gaussians_nodes.road.{key}"] = value
    return volume_file(driving_config(), state)


EMPTY_LISTS, EMPTY_MAPS = (
    b"\xdc" + struct.pack(">H", 40) + (b"\xdc" + struct.pack(">H", 30_000) + one * 30_000) * 40
    for one in (b"\x90", b"\x80")
)
"""MessagePack's lists of 40 lists of 30,000 empty lists or maps, a byte each."""


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (volume_file(driving_config(), driving_state())[:900], "cut off"),
        (gzip.compress(b"\xc1"), "no volume"),
        (gzip.compress(msgpack.packb({"state": {}})), "nre_data"),
        (gzip.compress(b"\x91" * 5000), "no volume: its values lie too deep"),
        (gzip.compress(b"\x01\x02"), "no volume: it does not end where"),
        (gzip.compress(EMPTY_LISTS, 0), "over 1000000 values"),
        (gzip.compress(EMPTY_MAPS, 0), "over 1000000 values"),
        (gzip.compress(bytes(40 << 20), 1), "unpacks to more than"),
        (volume_file(driving_config(), []), "state_dict"),
        (volume_file([], driving_state()), "config"),
        (volume_file(driving_config(), {}), "no layer"),
        (with_state(positions=b"\0" * 45), "2, 4 or 8 bytes"),
        (with_state(**{"positions.shape": [5, 4]}), "needed"),
        (with_state(**{"positions.shape": [-5, 3]}), "no shape"),
        (with_state(**{"positions.shape": [1 << 62, 3]}), "no shape"),
        (with_state(**{"positions.shape": [1 << 39, 3]}), "2, 4 or 8 bytes"),
        (with_state(**{"positions.shape": "5,3"}), "no shape"),
        (with_state(**{"scales.shape": [4, 3], "scales": b"\0" * 24}), "needed"),
        (
            with_state(**{"features_specular.shape": [5, 4], "features_specular": b"\0" * 40}),
            "no degree",
        ),
        (driving_volume_with("renderer.projection.ut_alpha", float("nan")), "ut_alpha"),
        (
            driving_volume_with(
                "layers.dynamic_rigids", layer_config("sh-gaussians") | {"name": 3}
            ),
            "dynamic_rigids",
        ),
        (driving_volume_with("layers", {"road": layer_config()}), "background"),
    ],
)
def test_hostile_volumes_are_refused(tmp_path, data, says):
    with pytest.raises(InputError, match=says):
        read_volume(tmp_path, data)


def test_a_package_with_a_checkpoint_alone_is_refused_unread(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("checkpoint.ckpt", b"\x80\x02cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match="checkpoint"):
        read_volume(tmp_path, file.getvalue(), "x.usdz")
