"""The same Gaussians in every format, packed by hand and read back."""

import gzip
import io
import json
import math
import struct
import zipfile
import zlib

import numpy as np
import pytest
from realdata import real
from scipy.spatial.transform import Rotation

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.formats.ply import encode_ply
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians

from .splat_files import (
    Splat,
    compressed_ply_file,
    ply_file,
    ply_values,
    sog_members,
    some_splats,
    spz_file,
    zipped,
)
from .volume_files import layer_config, volume_config, volume_file, volume_state


def read(tmp_path, data: bytes, name: str = "splats.bin"):
    path = tmp_path / name
    path.write_bytes(data)
    return read_gaussians(path)


def assert_same(
    cloud: GaussianCloud,
    splats: list[Splat],
    *,
    mean: float = 1e-6,
    angle: float = 1e-6,
    log_scale: float = 1e-6,
    opacity: float = 1e-6,
    dc: float = 1e-6,
    rest: float = 1e-6,
) -> None:
    """Compare with splats, each number within its tolerance."""
    assert len(cloud) == len(splats)
    assert np.allclose(cloud.means_m, [s.mean for s in splats], atol=mean, rtol=1e-6)
    wanted = Rotation.from_quat([[*s.wxyz[1:], s.wxyz[0]] for s in splats])
    found = Rotation.from_quat(cloud.rotations_wxyz[:, [1, 2, 3, 0]])
    assert (wanted.inv() * found).magnitude().max() < angle
    assert np.allclose(np.log(cloud.scales_m), [s.log_scale for s in splats], atol=log_scale)
    assert np.allclose(cloud.opacities, [s.opacity for s in splats], atol=opacity)
    assert np.allclose(cloud.sh[:, 0], [s.dc for s in splats], atol=dc)
    rests = np.array([s.rests for s in splats]).reshape(len(splats), -1, 3)
    assert cloud.sh.shape[1] == 1 + rests.shape[1]
    assert np.allclose(cloud.sh[:, 1:], rests, atol=rest)


SPLATS = some_splats(7, 3)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("form", ["binary_little_endian", "binary_big_endian", "ascii"])
def test_a_ply_is_read_at_every_degree_and_in_every_form(tmp_path, degree, form):
    splats = some_splats(5, degree)
    scene = read(tmp_path, ply_file(splats, form=form))
    assert_same(scene.static, splats, angle=1e-3)
    assert scene.settings.sh_degree == degree
    assert not scene.not_drawn


def test_a_ply_may_order_and_add_properties_and_end_lines_as_it_likes(tmp_path):
    order = [*sorted(ply_values(SPLATS[0]), reverse=True)]
    extra = ("comment end_header is near", "obj_info 3", "element camera 2", "property double f")
    data = ply_file(SPLATS, order=order, newline="\r\n", extra=extra)
    head, _, body = data.partition(b"end_header\r\n")
    assert_same(
        read(tmp_path, head + b"end_header\r\n" + bytes(16) + body).static, SPLATS, angle=1e-3
    )


def test_rows_that_are_no_gaussians_are_dropped_and_counted(tmp_path):
    splats = [*some_splats(6, 0)]
    splats[1] = Splat((math.nan, 0, 0), *list(vars(splats[1]).values())[1:])
    splats[2] = Splat(splats[2].mean, (0, 0, 0, 0), *list(vars(splats[2]).values())[2:])
    splats[4] = Splat(splats[4].mean, splats[4].wxyz, (99, 0, 0), 0.5, (0, 0, 0))
    scene = read(tmp_path, ply_file(splats))
    assert_same(scene.static, [splats[0], splats[3], splats[5]], angle=1e-3)
    counts = {part.why: part.count for part in scene.not_drawn}
    assert sorted(counts.values()) == [1, 2]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (ply_file(SPLATS).replace(b"vertex 7", b"vertex 0"), "none.ply"),
        (b"", "none.splat"),
        (volume_file(volume_config(none=layer_config()), volume_state("none", [])), "none.nurec"),
    ],
)
def test_a_file_of_no_gaussians_is_an_empty_scene(tmp_path, data, name):
    assert len(read(tmp_path, data, name)) == 0


def test_infinite_opacities_are_all_and_nothing(tmp_path):
    rows = [ply_values(splat) for splat in some_splats(3, 0)]
    names = list(rows[0])
    table = np.array([[row[name] for name in names] for row in rows], "<f4")
    table[0, names.index("opacity")], table[1, names.index("opacity")] = np.inf, -np.inf
    head = ply_file(some_splats(3, 0)).partition(b"end_header\n")[0] + b"end_header\n"
    assert read(tmp_path, head + table.tobytes()).static.opacities[:2].tolist() == [1.0, 0.0]


def test_masks_of_instant_nurec_part_the_road(tmp_path):
    splats = some_splats(4, 0)
    lines = ply_file(splats).partition(b"end_header\n")
    head = lines[0] + b"property uchar road_mask\nend_header\n"
    size = 4 * len(ply_values(splats[0]))
    body = b"".join(lines[2][k * size : (k + 1) * size] + bytes([k % 2]) for k in range(4))
    layers = read(tmp_path, head + body).layers
    assert_same(layers["background"], splats[0::2], angle=1e-3)
    assert_same(layers["road"], splats[1::2], angle=1e-3)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_our_ply_has_the_layout_that_all_viewers_know(tmp_path, degree):
    splats = some_splats(4, degree)
    cloud = read(tmp_path, ply_file(splats)).static
    data = encode_ply(cloud)
    rests = 3 * len(splats[0].rests)
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{k}" for k in range(rests)]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    head = "ply\nformat binary_little_endian 1.0\nelement vertex 4\n"
    head += "".join(f"property float {name}\n" for name in names) + "end_header\n"
    assert data.startswith(head.encode())
    table = np.frombuffer(data[len(head) :], "<f4").reshape(4, len(names))
    for row, splat in zip(table, splats, strict=True):
        values = {"nx": 0.0, "ny": 0.0, "nz": 0.0, **ply_values(splat)}
        assert np.allclose(row, [values[name] for name in names], atol=2e-6)


def test_the_guitar_is_read_as_its_bytes_say(tmp_path):
    path = real("splats/guitar.ply")
    data = path.read_bytes()
    head, _, body = data.partition(b"end_header\n")
    names = [line.split()[2].decode() for line in head.splitlines() if b"property" in line]
    table = np.frombuffer(body, "<f4").reshape(-1, len(names)).astype(np.float64)
    column = {name: table[:, k] for k, name in enumerate(names)}
    cloud = read_gaussians(path).static
    assert len(cloud) == 90_854
    assert np.array_equal(cloud.means_m, table[:, [names.index(a) for a in "xyz"]].astype("f4"))
    with np.errstate(over="ignore"):
        assert np.abs(cloud.opacities - 1.0 / (1.0 + np.exp(-column["opacity"]))).max() < 1e-6
    assert np.allclose(cloud.scales_m[:, 1], np.exp(column["scale_1"]), rtol=1e-5, atol=1e-7)
    assert np.isinf(column["opacity"]).sum() == 667


@pytest.mark.parametrize("degree", [0, 1, 3])
@pytest.mark.parametrize("colours", [True, False])
def test_a_compressed_ply_is_read(tmp_path, degree, colours):
    splats = some_splats(300, degree)
    cloud = read(tmp_path, compressed_ply_file(splats, colours=colours)).static
    # Without bounds of colours the file holds 0 to 1 only, which these DC terms stay within.
    dc = 3.2 / 255 if colours else 0.5 / 255 / 0.282 + 1e-6
    assert_same(
        cloud, splats, mean=0.004, angle=0.006, log_scale=0.003, opacity=0.002, dc=dc, rest=1 / 60
    )


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("degree", [0, 2, 3])
def test_spz_of_every_version_is_read_and_turned(tmp_path, version, degree):
    splats = some_splats(6, degree)
    scene = read(tmp_path, spz_file(splats, version, flags=1))
    assert_same(
        scene.static,
        splats,
        mean=0.002,
        angle=0.15 if version < 3 else 0.006,
        log_scale=1 / 31,
        opacity=1 / 500,
        dc=1 / 70,
        rest=1 / 200,
    )
    assert scene.settings.antialiased
    assert scene.format == f"SPZ version {version}"


def named_gzip(plain: bytes) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile("n" * 3000, "wb", fileobj=file) as packer:
        packer.write(plain)
    return file.getvalue()


def late_gzip(plain: bytes) -> bytes:
    """Return a gzip stream with 40 empty blocks before its first byte."""
    return gzip.compress(b"", mtime=0)[:10] + bytes.fromhex("000000ffff" * 40) + _deflated(plain)


def _deflated(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    trailer = struct.pack("<II", zlib.crc32(plain), len(plain))
    return packer.compress(plain) + packer.flush() + trailer


@pytest.mark.parametrize("pack", [named_gzip, late_gzip])
def test_spz_is_known_however_late_its_first_byte_comes(tmp_path, pack):
    splats = some_splats(6, 0)
    assert read(tmp_path, spz_file(splats, 3, pack=pack)).format == "SPZ version 3"


@pytest.mark.parametrize("version", [3, 4])
def test_an_extension_of_spz_says_how_its_axes_lie(tmp_path, version):
    splats = some_splats(4, 1)
    record = b"\x02\x00\xbe\xad\x04\x00\x00\x00\x00\x00\x00\x00"
    record += b"\x03\x00\xbe\xad\x04\x00\x00\x00\x06\x00\x00\x00"
    turned = read(tmp_path, spz_file(splats, version, flags=2, extensions=record))
    plain = read(tmp_path, spz_file(splats, version))
    assert np.allclose(turned.static.means_m, plain.static.means_m * (1, -1, -1))
    assert turned.notes


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("degree", [0, 2, 3])
def test_sog_is_read_from_an_archive_and_from_a_folder(tmp_path, version, degree):
    splats = some_splats(9, degree)
    members = sog_members(splats, version)
    bound = {
        "mean": 0.002,
        "angle": 0.02,
        "log_scale": 0.02,
        "opacity": 0.01,
        "dc": 0.02,
        "rest": 0.005,
    }
    scene = read(tmp_path, zipped({f"in/{name}": data for name, data in members.items()}))
    assert_same(scene.static, splats, **bound)
    assert scene.format == f"SOG version {version}"
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in members.items():
        (folder / name).write_bytes(data)
    for path in (folder, folder / "meta.json"):
        assert_same(read_gaussians(path).static, splats, **bound)


def test_the_first_number_of_a_codebook_may_be_left_out(tmp_path):
    splats = some_splats(60, 1)
    members = sog_members(splats)
    meta = json.loads(members["meta.json"])

    def with_first(first) -> GaussianCloud:
        for name in ("scales", "sh0", "shN"):
            book = meta[name]["codebook"]
            book[0] = first(book)
        return read(tmp_path, zipped(members | {"meta.json": json.dumps(meta).encode()})).static

    # What PlayCanvas's engine makes of it.
    told = with_first(lambda book: book[1] + (book[1] - book[255]) / 255)
    left_out = with_first(lambda book: None)
    assert np.array_equal(left_out.scales_m, told.scales_m)
    assert np.array_equal(left_out.sh, told.sh)


def test_lines_of_a_ply_end_where_its_bytes_say(tmp_path):
    """In UTF-8 these letters hold 85, A0 and 1C to 1E, which are ends of lines in Latin-1."""
    extra = ("comment \u0105 \u00c5 \u00e0 \u2705 and more", "obj_info \u0145\x1c\x0b\x85 z")
    data = ply_file(SPLATS, extra=extra)
    names = data.replace(
        b"float f_rest_0\n", "float f_rest_0\nproperty float \u00e0\u0145z\n".encode()
    )
    assert len(read(tmp_path, data).static) == 7
    with pytest.raises(InputError, match="cut off"):
        read(tmp_path, names)


def test_a_splat_file_is_read_by_its_name(tmp_path):
    rows = np.zeros(2, [("p", "<f4", 3), ("s", "<f4", 3), ("c", "u1", 4), ("q", "u1", 4)])
    rows["p"], rows["s"] = (1.0, 2.0, 3.0), (0.1, 0.2, 0.3)
    rows["c"], rows["q"] = (255, 0, 128, 51), (255, 128, 128, 128)
    cloud = read(tmp_path, rows.tobytes(), "two.splat").static
    assert np.allclose(cloud.opacities, 0.2)
    assert np.allclose(cloud.rotations_wxyz, (1.0, 0.0, 0.0, 0.0))
    assert np.allclose(0.5 + 0.28209479177387814 * cloud.sh[0, 0], (1.0, 0.0, 128 / 255), atol=1e-6)
    with pytest.raises(InputError, match="known"):
        read(tmp_path, rows.tobytes(), "two.bin")


def test_the_same_cloud_comes_out_of_every_format(tmp_path):
    """Through our PLY too: what one reader makes of it, another makes again."""
    first = read(tmp_path, spz_file(SPLATS, 4)).static
    again = read(tmp_path, encode_ply(first)).static
    assert np.allclose(again.sh, first.sh, atol=1e-6)
    assert np.allclose(again.scales_m, first.scales_m, rtol=1e-5)
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", SPLATS))
    cloud = read(tmp_path, volume).static
    assert_same(
        cloud, SPLATS, mean=1e-3, angle=2e-3, log_scale=2e-3, opacity=5e-4, dc=1e-3, rest=5e-4
    )


AXES = (b"x", b"y", b"z", b"scale_x", b"scale_y", b"scale_z")
PACKED = (b"position", b"rotation", b"scale", b"color")
NO_SPLATS_IN_LISTS = b"".join(
    [
        b"ply\nformat binary_little_endian 1.0\nelement chunk 0\n",
        *(b"property float %b_%b\n" % (end, axis) for end in (b"min", b"max") for axis in AXES),
        b"element vertex 0\n",
        *(b"property list uchar uint packed_%b\n" % name for name in PACKED),
        b"end_header\n",
    ]
)
"""A compressed PLY without a row, whose words are said to be lists."""


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"no splats", "known"),
        (b"ply\nformat binary_little_endian 1.0\n", "end_header"),
        (ply_file(SPLATS)[:-1], "cut off"),
        (ply_file(SPLATS).replace(b"vertex 7", b"vertex 9000000000"), "rows"),
        (ply_file(SPLATS).replace(b"float x", b"float y"), "twice"),
        (ply_file(SPLATS).replace(b"float x", b"float u"), "lack x"),
        (ply_file(SPLATS).replace(b"float rot_0", b"float r_0"), "points, not Gaussians"),
        (ply_file(SPLATS).replace(b"f_dc_1", b"q_dc_1"), "network"),
        (ply_file(SPLATS).replace(b"f_rest_44", b"f_rest_99"), "no degree"),
        (ply_file(SPLATS).replace(b"property float x", b"property list uchar int x"), "lists"),
        (ply_file(SPLATS, form="ascii")[:-40], "numbers"),
        (compressed_ply_file(some_splats(300, 0))[:-1], "cut off"),
        (compressed_ply_file(some_splats(9, 0)).replace(b"chunk 1", b"chunk 0"), "chunks"),
        (NO_SPLATS_IN_LISTS, "lists"),
        (spz_file(SPLATS, 3)[:-9], "cut off"),
        (spz_file(SPLATS, 4)[:-9], "cut off: its stream 5"),
        (spz_file(SPLATS, 4).replace(b"NGSP\x04", b"NGSP\x05"), "version 5"),
        (spz_file(SPLATS, 4).replace(b"\x04\0\0\0\x07\0\0", b"\x04\0\0\0\x07\0\x90"), "bytes"),
        (zipped({"meta.json": b"[]"}), "no object"),
        (zipped({"meta.json": b'{"version": 3}'}), "version 3"),
        (zipped({"meta.json": b'{"version": 2, "count": -1}'}), "count"),
        (zipped({"a.txt": b""}), "no volume"),
        (b"#usda 1.0", "USDZ"),
        (b'{"lodLevels": 3}', "levels of detail"),
    ],
)
def test_what_is_broken_is_refused_by_name(tmp_path, data, says):
    with pytest.raises(InputError, match=says):
        read(tmp_path, data)


def test_images_that_meta_names_outside_the_archive_are_not_read(tmp_path):
    (tmp_path / "secret.webp").write_bytes(b"no")
    members = sog_members(some_splats(3, 0))
    meta = members["meta.json"].replace(b'"quats.webp"', b'"../secret.webp"')
    with pytest.raises(InputError, match=r"quats\.files"):
        read(tmp_path, zipped(members | {"meta.json": meta}))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../meta.json", meta)
    with pytest.raises(InputError, match="outside"):
        read(tmp_path, archive.getvalue())
