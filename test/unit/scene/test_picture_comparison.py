"""How alike pictures are: of known noise, shifts and exposures, and who belongs together."""

import contextlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.nurec.client import client
from carla_nurec_bridge.scene import along_trajectory
from carla_nurec_bridge.scene.picture_comparison import compare, likeness, pairs_of, pictures_in

from .splats.test_splats_in_packages import road, splats

__all__ = ["road", "splats"]


def textured(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 16, 3)).astype(np.uint8)
    return cv2.resize(coarse, (64, 36), interpolation=cv2.INTER_LINEAR)


def test_equal_pictures_are_alike():
    assert likeness(textured(), textured()) == (99.0, pytest.approx(1.0), pytest.approx(1.0))


def test_psnr_is_that_of_a_known_difference():
    picture = np.full((20, 30, 3), 100, np.uint8)
    other = picture.copy()
    other[:10] += 8
    assert likeness(picture, other)[0] == pytest.approx(10 * np.log10(255**2 / 32.0))


def test_ssim_is_that_of_its_formula():
    """Brute force in float64 at one pixel after another."""
    one, other = textured(1), textured(2)
    a, b = (
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64) for picture in (one, other)
    )
    ramp = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(ramp, ramp) / ramp.sum() ** 2
    values = []
    for row in range(5, 31):
        for column in range(5, 59):
            here = np.s_[row - 5 : row + 6, column - 5 : column + 6]
            ma, mb = (window * a[here]).sum(), (window * b[here]).sum()
            va = (window * (a[here] - ma) ** 2).sum()
            vb = (window * (b[here] - mb) ** 2).sum()
            both = (window * (a[here] - ma) * (b[here] - mb)).sum()
            values.append(
                (2 * ma * mb + 6.5025)
                * (2 * both + 58.5225)
                / ((ma * ma + mb * mb + 6.5025) * (va + vb + 58.5225))
            )
    assert likeness(one, other)[1] == pytest.approx(np.mean(values), abs=1e-6)


def test_exposure_leaves_edges_alike():
    picture = textured()
    psnr_db, _, edges = likeness(picture, (picture // 2).astype(np.uint8))
    assert psnr_db < 15.0
    assert edges > 0.98
    assert likeness(picture, picture[:, ::-1].copy())[2] < 0.5


def test_flat_pictures_are_alike_only_to_flat_ones():
    flat = np.full((36, 64, 3), 90, np.uint8)
    assert likeness(flat, flat) == (99.0, pytest.approx(1.0), 1.0)
    assert likeness(flat, flat + np.uint8(8))[2] == 1.0
    assert likeness(flat, textured())[2] == 0.0


def folder_of(path, pictures):
    for (camera, stamp), picture in pictures.items():
        (path / camera).mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path / camera / f"{stamp}.png"), picture)
    return path


def test_pictures_belong_together_by_camera_and_time():
    one = dict.fromkeys([("a", 100), ("a", 200), ("b", 100)])
    other = dict.fromkeys([("a", 104), ("a", 195), ("c", 100)])
    assert pairs_of(one, other, 4) == [(("a", 100), ("a", 104))]
    assert pairs_of(one, other, 5)[1] == (("a", 200), ("a", 195))


def test_two_folders_are_compared_and_shown(tmp_path, capsys):
    picture = textured()
    dark = (picture // 2).astype(np.uint8)
    one = folder_of(tmp_path / "one", {("front", 5): picture, ("front", 9): picture})
    large = cv2.resize(dark, (128, 72), interpolation=cv2.INTER_NEAREST)
    other = folder_of(tmp_path / "other", {("front", 5): picture, ("front", 9): large})
    out = tmp_path / "out"
    assert main(["nurec", "compare", str(one), str(other), "-o", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "differences/front/9.jpg" in "".join(shown.split())
    rows = json.loads((out / "compare.json").read_text())["pictures"]
    assert rows[0]["psnr_db"] == 99.0
    assert rows[1]["psnr_db"] == pytest.approx(likeness(picture, dark)[0], abs=0.01)
    assert cv2.imread(str(out / "differences/front/9.jpg")).shape == (36, 192, 3)


def test_what_cannot_be_compared_is_said(tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no pictures"):
        pictures_in(empty)
    folder_of(empty, {("front", 10**19 - 1): textured()})
    with pytest.raises(InputError, match="no pictures"):
        pictures_in(empty)
    one = pictures_in(folder_of(tmp_path / "one", {("front", 5): textured()}))
    late = pictures_in(folder_of(tmp_path / "late", {("front", 9000): textured()}))
    with pytest.raises(InputError, match="tolerance"):
        compare(one, late, tmp_path / "out")
    broken = tmp_path / "broken" / "front"
    broken.mkdir(parents=True)
    (broken / "5.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match="no image that can be read"):
        compare(one, pictures_in(broken.parent), tmp_path / "out")
    assert main(["nurec", "compare", "neither", str(empty)]) == 2
    assert "HOST:PORT" in capsys.readouterr().err
    two_folders = ["nurec", "compare", str(tmp_path / "one"), str(tmp_path / "late")]
    assert main([*two_folders, "--height", "300"]) == 2
    assert "--height is for what a server draws" in capsys.readouterr().err


def compared(words: list[str], out: Path) -> list[tuple[str, int]]:
    assert main(["nurec", "compare", *words, "-o", str(out)]) == 0
    rows = json.loads((out / "compare.json").read_text())["pictures"]
    return [(row["camera"], row["stamp_us"]) for row in rows]


def test_pictures_of_an_earlier_run_are_not_a_packages_own(tmp_path):
    png = cv2.imencode(".png", textured())[1].tobytes()
    write_archive(tmp_path / "scene.usdz", {"frames/front/5.png": png})
    out = tmp_path / "out"
    folder_of(out / "one", {("front", 9): textured()})
    other = folder_of(tmp_path / "other", {("front", 5): textured(), ("front", 9): textured()})
    assert compared([str(tmp_path / "scene.usdz"), str(other)], out) == [("front", 5)]


def test_pictures_of_an_earlier_run_are_not_a_servers_own(tmp_path, monkeypatch, capsys):
    drawn = [("front", 5)]

    def render_to_files(_client, _plan, _wish, folder, _show):
        folder_of(folder, dict.fromkeys(drawn, textured()))
        rows = [f"{camera},1,{end_us},{camera}/{end_us}.png" for camera, end_us in drawn]
        text = "\n".join(["camera,start_us,end_us,file", *rows])
        (folder / "timestamps.csv").write_text(text)

    monkeypatch.setattr(client, "NurecClient", lambda *_: contextlib.nullcontext())
    plan = along_trajectory.PlannedImages("scene", (), ((5, None),))
    monkeypatch.setattr(along_trajectory, "planned_images", lambda *_: plan)
    monkeypatch.setattr(along_trajectory, "render_to_files", render_to_files)
    out = tmp_path / "out"
    folder_of(out / "one", {("front", 9): textured()})
    other = folder_of(tmp_path / "other", {("front", 5): textured(), ("front", 9): textured()})
    assert compared(["localhost:1", str(other)], out) == [("front", 5)]
    drawn.clear()
    assert main(["nurec", "compare", "localhost:1", str(other), "-o", str(out)]) == 2
    assert "drew none of 1 frames" in capsys.readouterr().err
