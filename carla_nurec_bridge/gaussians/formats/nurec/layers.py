"""The layers of a volume: tensors decoded into clouds, rigid ones bound to tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....core.errors import InputError
from ...cloud import Floats, GaussianCloud, concatenated
from ...harmonics import DEGREE_OF_COUNT
from ...scene import VIEWS_PPISP, GaussianScene, NotDrawn, Ppisp, RigidGaussians
from ..rows import Rows, cloud_of, exponential, sigmoid
from .config import DEFORMABLE, SH, read_config
from .container import Volume
from .deformables import beyond_boxes, incomplete, told_stiff

_NODES = ".gaussians_nodes."
_SKY = ".background.textures"
_PPISP = ".post_processings.0.ppisp."
_EXTRA = "._extra_state"
_POSE_REFINEMENTS, _LIDAR_SIGNALS = "tracks_calib.tracks_delta_t", ".lidar_extra_signal"
_IDENTITY_ROW = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
_FACES = 6
_MOST_SKY_SIDE = 8192
_RESPONSE_PARAMETERS = 4
_MOST_PPISP = 20.0
"""Of all its raw values: exposures are powers of 2, the others of the order of 1."""


@dataclass(frozen=True, eq=False)
class _Layer:
    cloud: GaussianCloud
    cuboid_ids: np.ndarray[Any, np.dtype[np.int32]] | None
    dropped: list[NotDrawn]
    notes: list[str]


def scene_of_volume(volume: Volume) -> GaussianScene:
    """Return the scene of a volume in its nre frame; InputError names what is not understood.

    Rigid layers have track ids where the volume names them, else ``#K`` for cuboid K. Of albedo
    that changes with time the constant term is taken. Deformable layers are rigid here, as they
    are stored, where all their tensors are; others are counted only.
    """
    config = read_config(volume.config, volume.what)
    names = _layer_names(volume)
    unknown = sorted(names - set(config.layers))
    if unknown:
        raise InputError(f"{volume.what}: config.layers lacks the layer {unknown[0]!r}")
    layers: dict[str, GaussianCloud] = {}
    rigids: list[RigidGaussians] = []
    not_drawn: list[NotDrawn] = []
    notes = list(config.notes)
    for name, kind in config.layers.items():
        if name not in names:
            if kind != DEFORMABLE:
                notes.append(f"the layer {name} of the config holds no Gaussians")
            continue
        lacking = incomplete(volume, name, f"{_NODES}{name}.") if kind == DEFORMABLE else None
        if lacking is not None:
            not_drawn.append(lacking)
            continue
        layer = _layer(volume, name, rigid=kind != SH, degree=config.settings.sh_degree)
        stray = beyond_boxes(layer.cloud, name) if kind == DEFORMABLE else None
        if stray is not None:
            not_drawn.append(stray)
            continue
        not_drawn += layer.dropped
        notes += layer.notes
        if kind == SH or layer.cuboid_ids is None:
            layers[name] = layer.cloud
        else:
            tracks = _track_ids(volume, name, layer.cuboid_ids)
            spans = _spans(volume, name, len(tracks))
            stiff = frozenset(range(len(tracks)) if kind == DEFORMABLE else ())
            rigids.append(RigidGaussians(layer.cloud, layer.cuboid_ids, tracks, spans, stiff))
            notes += [told_stiff(layer.cloud, name)] if stiff else []
    not_drawn += _left_out(volume)
    stored = _SKY in volume.state
    if stored and config.sky is False:
        notes.append("textures of a sky are stored, but its config says to draw none")
    ppisp, why = _ppisp(volume)
    not_drawn += [why] if why else []
    return GaussianScene(
        layers,
        joined_rigids(rigids),
        _sky(volume) if config.sky or (stored and config.sky is None) else None,
        config.settings,
        ppisp,
        tuple(not_drawn),
        tuple(notes),
        format=f"{'3DGRUT' if config.exported else 'NuRec'} volume {volume.version}",
        forward_left_up=not config.exported,
    )


def joined_rigids(rigids: list[RigidGaussians]) -> RigidGaussians | None:
    """Return several rigid layers as one, or None; the cuboids stay apart."""
    if len(rigids) < 2:
        return rigids[0] if rigids else None
    first = np.cumsum([0, *(len(rigid.track_ids) for rigid in rigids[:-1])])
    ids = [rigid.cuboid_ids + begin for rigid, begin in zip(rigids, first, strict=True)]
    return RigidGaussians(
        concatenated([rigid.cloud for rigid in rigids]),
        np.concatenate(ids).astype(np.int32),
        tuple(track_id for rigid in rigids for track_id in rigid.track_ids),
        tuple(span for rigid in rigids for span in rigid.spans_us)
        if all(len(rigid.spans_us) == len(rigid.track_ids) for rigid in rigids)
        else (),
        frozenset(
            int(begin) + k for rigid, begin in zip(rigids, first, strict=True) for k in rigid.stiff
        ),
    )


def _left_out(volume: Volume) -> list[NotDrawn]:
    """Return what a volume stores beside its Gaussians that has no part in drawing them."""
    told = []
    for key in volume.tensors():
        # Shapes of these only: other bytes that stand there need not be tensors.
        if not key.endswith((_POSE_REFINEMENTS, _LIDAR_SIGNALS)):
            continue
        rows = (volume.shape(key) + (0,))[0]
        if key.endswith(_POSE_REFINEMENTS) and rows:
            why = "recorded poses are drawn as they are; on which side these act is not known"
            told.append(NotDrawn("refinements of tracks' poses", rows, why))
        elif key.endswith(_LIDAR_SIGNALS) and 0 not in volume.shape(key):
            why = "their meaning is not public; intensities are made of colours"
            told.append(NotDrawn("trained lidar signals", rows, why))
    return told


def _layer_names(volume: Volume) -> set[str]:
    names = set()
    for key in volume.tensors():
        if key.startswith(_NODES) and key.endswith(".positions"):
            names.add(key[len(_NODES) : -len(".positions")])
    if not names:
        raise InputError(f"{volume.what} holds no layer of Gaussians")
    return names


def _layer(volume: Volume, name: str, *, rigid: bool, degree: int) -> _Layer:
    prefix = f"{_NODES}{name}."
    positions = volume.floats(f"{prefix}positions", None, 3)
    count = len(positions)
    notes: list[str] = []
    sh = _harmonics(volume, prefix, count, degree, notes)
    semantic = f"{prefix}camera_extra_signal"
    logits = None
    if isinstance(volume.state.get(semantic), bytes) and volume.shape(semantic)[-1:] > (0,):
        logits = volume.floats(semantic, count, None)
    rows = Rows(
        positions,
        volume.floats(f"{prefix}rotations", count, 4),
        exponential(volume.floats(f"{prefix}scales", count, 3)),
        sigmoid(volume.floats(f"{prefix}densities", count, 1)[:, 0]),
        sh,
        logits,
    )
    cloud, kept, dropped = cloud_of(rows, f"Gaussians of {name}")
    ids = None
    if rigid:
        key = f"{prefix}gaussian_cuboid_ids"
        column = (1,) if volume.shape(key)[1:] == (1,) else ()
        numbers = volume.integers(key, count, *column).reshape(count)[kept]
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < 1 << 24:
            raise InputError(f"{volume.what}: {prefix}gaussian_cuboid_ids holds what is no index")
        ids = numbers.astype(np.int32)
    return _Layer(cloud, ids, dropped, notes)


def _harmonics(volume: Volume, prefix: str, count: int, degree: int, notes: list[str]) -> Floats:
    """Return coefficients (N, K, 3): the albedo, and the active bands of what shines."""
    key = f"{prefix}features_albedo"
    if len(volume.shape(key)) == 3:
        albedo = volume.floats(key, count, None, 3)
        if albedo.shape[1] == 0:
            raise InputError(f"{volume.what}: {key} has no coefficient")
        if albedo.shape[1] > 1:
            name = prefix.split(".")[-2]
            notes.append(f"{name}: the constant one of {albedo.shape[1]} albedos in time is drawn")
        albedo = albedo[:, 0]
    else:
        albedo = volume.floats(key, count, 3)
    key = f"{prefix}features_specular"
    specular = volume.floats(key, count, None)
    terms = specular.shape[1] // 3 + 1
    if specular.shape[1] % 3 or terms not in DEGREE_OF_COUNT:
        raise InputError(f"{volume.what}: {key} has {specular.shape[1]} numbers a row: no degree")
    active = f"{prefix}n_active_features"
    if isinstance(volume.state.get(active), bytes):
        stored = volume.integers(active, *(None for _ in volume.shape(active))).reshape(-1)
        if len(stored) != 1 or not 0 <= int(stored[0]) <= 3:
            raise InputError(f"{volume.what}: {active} is {stored[:4]}; one number, 0 to 3, is it")
        degree = min(degree, int(stored[0]))
    degree = min(degree, DEGREE_OF_COUNT[terms])
    kept = (degree + 1) ** 2
    rest = specular.reshape(count, terms - 1, 3)[:, : kept - 1]
    return np.concatenate([albedo[:, None, :], rest], axis=1)


def _track_ids(volume: Volume, name: str, cuboid_ids: Any) -> tuple[str, ...]:
    extra = volume.state.get(_EXTRA)
    by_layer = extra.get("obj_track_ids") if isinstance(extra, dict) else None
    listed = by_layer.get(name) if isinstance(by_layer, dict) else None
    needed = int(cuboid_ids.max()) + 1 if len(cuboid_ids) else 0
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        return tuple(f"#{index}" for index in range(needed))
    if len(listed) < needed:
        raise InputError(
            f"{volume.what}: {name} has Gaussians of cuboid {needed - 1}, but {len(listed)} tracks"
        )
    return tuple(listed)


def _spans(volume: Volume, name: str, count: int) -> tuple[tuple[int, int], ...]:
    """Return when each cuboid's track begins and ends (us), () where that is not stored."""
    begin, end = f"{_NODES}{name}.time_embed", "timestamps_us_ranges"
    for key in volume.tensors():
        if key.startswith(begin) and key.endswith(end) and volume.shape(key) == (count, 2):
            return tuple((int(low), int(high)) for low, high in volume.integers(key, count, 2))
    return ()


def _sky(volume: Volume) -> Floats | None:
    if not isinstance(volume.state.get(_SKY), bytes):
        raise InputError(f"{volume.what}: its background is a sky, but {_SKY} is missing")
    height, width = (volume.shape(_SKY) + (0, 0, 0))[2:4]
    if not 0 < height <= _MOST_SKY_SIDE or height != width:
        raise InputError(
            f"{volume.what}: {_SKY} is {width} x {height} pixels a face; squares of at most "
            f"{_MOST_SKY_SIDE} are faces of a cube"
        )
    faces = volume.floats(_SKY, 1, _FACES, None, None, 3)[0]
    return np.clip(np.nan_to_num(faces, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)


def _ppisp(volume: Volume) -> tuple[Ppisp | None, NotDrawn | None]:
    """Return exposure and the like, where their public form is stored, and what is told of them."""
    names = ("exposure_params", "color_params", "vignetting_params", "crf_params")
    present = [name for name in names if isinstance(volume.state.get(_PPISP + name), bytes)]
    if not present:
        return None, None
    what = "exposure, vignetting and response (PPISP)"
    if len(present) < len(names):
        return None, NotDrawn(what, 1, f"only {', '.join(present)} are stored")
    exposure = volume.floats(_PPISP + names[0], None)
    colour = volume.floats(_PPISP + names[1], len(exposure), 8)
    vignetting = volume.floats(_PPISP + names[2], None, 3, 5)
    response = volume.floats(_PPISP + names[3], len(vignetting), 3, None)
    if not len(vignetting):
        return None, NotDrawn(what, 1, "it is of no camera")
    if response.shape[2] != _RESPONSE_PARAMETERS:
        return None, NotDrawn(
            what, 1, f"its response has {response.shape[2]} parameters; the form with 4 is known"
        )
    parts = (exposure, colour, vignetting, response)
    if not all((np.abs(part) <= _MOST_PPISP).all() for part in parts):
        return None, NotDrawn(what, 1, f"a value is not finite, or beyond {_MOST_PPISP:g}")
    if len(colour) and np.all(colour == np.array(_IDENTITY_ROW, np.float32), axis=1).any():
        return None, NotDrawn(what, 1, "its colours are of another form than the one known")
    why = "they are of the recorded views; what clients ask for is drawn without"
    told = NotDrawn(VIEWS_PPISP, len(exposure), why)
    return Ppisp(exposure, colour, vignetting, response), told


def joined(scenes: list[GaussianScene], what: str) -> GaussianScene:
    """Return partitions of one scene as one; layers of one name get a number behind it."""
    if len(scenes) == 1:
        return scenes[0]
    layers: dict[str, GaussianCloud] = {}
    for scene in scenes:
        for name, cloud in scene.layers.items():
            number = 2
            unused = name
            while unused in layers:
                unused, number = f"{name} {number}", number + 1
            layers[unused] = cloud
    skies = [scene.sky for scene in scenes if scene.sky is not None]
    if len(skies) > 1:
        raise InputError(f"{what}: its partitions have several skies")
    if any(scene.settings != scenes[0].settings for scene in scenes):
        raise InputError(f"{what}: its partitions are to be drawn each in another way")
    return replace(
        scenes[0],
        layers=layers,
        rigid=joined_rigids([scene.rigid for scene in scenes if scene.rigid is not None]),
        sky=skies[0] if skies else None,
        not_drawn=tuple(one for scene in scenes for one in scene.not_drawn),
        notes=tuple(note for scene in scenes for note in scene.notes),
    )
