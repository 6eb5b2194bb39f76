"""Damaged and lying files: each is read or refused with a sentence, and nothing else happens.

CNB_FUZZ_CASES says how many files are tried, a few thousand by default; 1000000 is a long run.
"""

import gzip
import io
import json
import os
import random
import zipfile

import cv2
import msgpack
import numpy as np
import pytest
from PIL import Image
from unwarned import without_warnings

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.formats.nurec.container import unpack_volume
from carla_nurec_bridge.gaussians.formats.nurec.layers import scene_of_volume
from carla_nurec_bridge.gaussians.formats.ply import decode_ply
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.formats.splat import decode_splat
from carla_nurec_bridge.gaussians.formats.spz import decode_spz
from carla_nurec_bridge.gaussians.formats.usd.layers import layer_of
from carla_nurec_bridge.gaussians.formats.usd.particles import scene_of_layers
from carla_nurec_bridge.gaussians.formats.usd.text import parse_usda

from .splat_files import compressed_ply_file, ply_file, sog_members, some_splats, spz_file, zipped
from .usd_files import CRATE, KERNELS, PUT, TIMED, dome_layer, text_layer
from .volume_files import USDA, driving_config, driving_state, package, volume_file

CASES = int(os.environ.get("CNB_FUZZ_CASES", "3000"))
SPLATS = some_splats(5, 1)
SKY = cv2.imencode(".png", np.arange(24, dtype=np.uint8).reshape(2, 4, 3))[1].tobytes()


def volume(data: bytes, what: str) -> object:
    return scene_of_volume(unpack_volume(data, what))


def no_asset(name: str) -> bytes:
    raise InputError(f"no {name}")


def field(data: bytes, what: str) -> object:
    return scene_of_layers({"layer": layer_of(data, what)}, no_asset, what)


def put(data: bytes, what: str) -> object:
    """Read a layer that puts others."""
    layers = {"layer": layer_of(data, what), "field.usda": layer_of(text_layer(1, 0).encode(), "")}
    return scene_of_layers(layers, no_asset, what)


def lit(data: bytes, what: str) -> object:
    """Read a layer with a dome light whose picture is damaged, or the layer is."""
    image, layer = data[: len(SKY)], data[len(SKY) :]
    return scene_of_layers({"layer": layer_of(layer, what)}, lambda name: image, what)


def packed_state(data: bytes, what: str) -> object:
    """Read a volume whose MessagePack, not whose gzip, was damaged."""
    try:
        content = msgpack.unpackb(data, raw=False, strict_map_key=False)["nre_data"]
        again = volume_file(content["config"], content["state_dict"])
    except (
        ValueError,
        KeyError,
        TypeError,
        msgpack.UnpackException,
        RecursionError,
        OverflowError,
    ):
        return None
    return volume(again, what)


PLAIN = msgpack.packb({"nre_data": {"config": driving_config(), "state_dict": driving_state(4)}})
DECODERS = {
    "ply": (decode_ply, ply_file(SPLATS)),
    "ascii": (decode_ply, ply_file(SPLATS, form="ascii")),
    "compressed": (decode_ply, compressed_ply_file(SPLATS)),
    "spz 3": (decode_spz, spz_file(SPLATS, 3)),
    "spz 4": (decode_spz, spz_file(SPLATS, 4)),
    "volume": (volume, volume_file(driving_config(), driving_state())),
    "state": (packed_state, PLAIN),
    "splat": (decode_splat, bytes(range(160))),
    "usda": (parse_usda, USDA.encode()),
    "field": (field, text_layer(3, 1).encode()),
    "crate": (field, CRATE),
    "timed crate": (field, TIMED),
    "put crate": (put, PUT),
    "kernels crate": (field, KERNELS),
    "dome light": (lit, SKY + dome_layer()),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return data with a few bytes set, cut out, doubled, or with numbers made large."""
    new = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(max(len(new), 1))
        match chance.randrange(6):
            case 0 | 1 if new:
                new[place] = chance.randrange(256)
            case 2:
                del new[place : place + chance.randint(1, 9)]
            case 3:
                new[place:place] = new[place : place + chance.randint(1, 40)]
            case 4:
                new[place : place + 4] = chance.choice(
                    (
                        b"\xff" * 4,
                        b"\xff\xff\xff\x7f",
                        b"\0" * 4,
                        b"9999",
                        b"-1  ",
                        b"\x00\x00\xc0\x7f",
                    )
                )
            case _:
                del new[chance.randrange(len(new) + 1) :]
    return bytes(new)


@pytest.mark.parametrize("kind", DECODERS)
@without_warnings
def test_damaged_files_are_read_or_refused(kind):
    decode, sound = DECODERS[kind]
    chance = random.Random(kind)
    told = []
    for _ in range(CASES // len(DECODERS)):
        try:
            decode(damaged(sound, chance), "the file")
        except InputError as error:
            told.append(str(error))
    assert told
    assert all(sentence.startswith("the file") for sentence in told)


@pytest.mark.parametrize("kind", ["sog 1", "sog 2", "package"])
@without_warnings
def test_damaged_archives_are_read_or_refused(tmp_path, kind):
    members = sog_members(SPLATS, int(kind[-1])) if kind != "package" else None
    chance = random.Random(kind)
    path = tmp_path / "file.zip"
    told = []
    sound = volume_file(driving_config(), driving_state())
    for _ in range(max(CASES // 50, 20)):
        if members is None:
            usda = damaged(USDA.replace("gauss.nurec", "volume.nurec").encode(), chance)
            data = package(sound, nre=np.eye(4).tolist(), **{"volume.usda": usda})
        else:
            name = chance.choice(list(members))
            data = zipped(members | {name: damaged(members[name], chance)})
        path.write_bytes(damaged(data, chance) if chance.random() < 0.3 else data)
        try:
            read_gaussians(path)
        except InputError as error:
            told.append(str(error))
    assert told
    assert all(str(path) in sentence for sentence in told)


def bomb_of_images(side: int, padding: int = 0) -> bytes:
    """Return a SOG of one empty image for all, with bytes behind it that pack to nothing."""
    meta = json.loads(sog_members(SPLATS)["meta.json"])
    del meta["shN"]
    for part in ("means", "scales", "quats", "sh0"):
        meta[part]["files"] = ["a.webp"] * 2
    image = io.BytesIO()
    Image.new("RGBA", (side, side)).save(image, "WEBP", lossless=True, exact=True)
    members = {
        "meta.json": json.dumps(meta | {"count": side * side}).encode(),
        "a.webp": image.getvalue() + bytes(padding),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("padding", [0, 9000])
def test_images_that_are_large_for_their_bytes_are_not_unpacked(tmp_path, monkeypatch, padding):
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("it is unpacked"))
    path = tmp_path / "bomb.sog"
    path.write_bytes(bomb_of_images(600, padding))
    with pytest.raises(InputError, match="360000 Gaussians, 1440000 bytes of pixels, in"):
        read_gaussians(path)


def test_a_volume_may_not_be_packed_twice(tmp_path):
    """An archive may hold 200 times its size, and a volume too, but not both at once."""
    plain = random.Random(1).randbytes(6000) + bytes(4 << 20)
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.nurec", gzip.compress(plain, 1, mtime=0))
    path = tmp_path / "twice.usdz"
    path.write_bytes(twice.getvalue())
    with pytest.raises(InputError, match="unpacks to more than"):
        read_gaussians(path)
