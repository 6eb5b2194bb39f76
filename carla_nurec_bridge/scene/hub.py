"""NVIDIA's published scenes: what there is on the Hugging Face hub, and fetching some of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, get_token, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from ..core.errors import BridgeError, InputError

DATA_SET = "nvidia/PhysicalAI-Autonomous-Vehicles-NuRec"
LICENCE = (
    "NVIDIA's licence of this data set allows autonomous-vehicle use only, for 12 months, and "
    f"neither derivatives nor redistribution: https://huggingface.co/datasets/{DATA_SET}"
)
_RELEASE = re.compile(r"(\d\d\.\d\d)_release")


@dataclass(frozen=True)
class PublishedScene:
    """One scene of the data set: its id, release such as "25.07", package and size in bytes."""

    scene_id: str
    release: str
    package: str
    size: int

    @property
    def folder(self) -> str:
        """The scene's folder in the data set."""
        return self.package.rpartition("/")[0]


def published(data_set: str = DATA_SET, revision: str | None = None) -> list[PublishedScene]:
    """Return the scenes of a data set by release and id, newest release last.

    The token comes from HF_TOKEN or from ``hf auth login``. InputError when the data set is gated
    and the token does not open it, or is not there; BridgeError when the hub does not answer.
    """
    try:
        tree = HfApi().list_repo_tree(
            data_set, repo_type="dataset", recursive=True, revision=revision
        )
        files = [(entry.path, entry.size) for entry in tree if isinstance(entry, RepoFile)]
    except (HfHubHTTPError, OSError) as error:
        raise _in_words(data_set, error) from error
    return sorted(_scenes(files), key=lambda scene: (scene.release, scene.scene_id))


def _scenes(files: Iterable[tuple[str, int]]) -> Iterable[PublishedScene]:
    for path, size in files:
        if path.endswith(".usdz"):
            release = _RELEASE.search(path)
            name = path.rpartition("/")[2].removesuffix(".usdz")
            yield PublishedScene(name, release[1] if release else "", path, size)


def choose(scenes: Sequence[PublishedScene], ids: Sequence[str]) -> list[PublishedScene]:
    """Return the scenes whose ids begin so; the newest release where one is in several.

    InputError names an id that fits none, or more than one scene.
    """
    chosen: list[PublishedScene] = []
    for wanted in ids:
        fitting = {s.scene_id: s for s in scenes if s.scene_id.startswith(wanted)}
        if len(fitting) != 1:
            what = f"fits {len(fitting)} scenes" if fitting else "fits no scene"
            raise InputError(f"{wanted!r} {what} of the {len(scenes)} there are; see scene list")
        chosen += fitting.values()
    return list(dict.fromkeys(chosen))


def fetch(
    scenes: Sequence[PublishedScene], folder: Path, data_set: str = DATA_SET,
    revision: str | None = None,
) -> list[Path]:  # fmt: skip
    """Download scenes with what lies beside them; return their packages below ``folder``.

    What is there already is kept, what was interrupted is continued. Errors as ``published``.
    """
    try:
        snapshot_download(
            data_set,
            repo_type="dataset",
            revision=revision,
            local_dir=folder,
            allow_patterns=[f"{scene.folder}/*" if scene.folder else scene.package
                            for scene in scenes],
        )  # fmt: skip
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise _in_words(data_set, error) from error
    return [folder / scene.package for scene in scenes]


def _in_words(data_set: str, error: Exception) -> BridgeError:
    reason = " ".join(str(error).split())[:300]
    page = f"https://huggingface.co/datasets/{data_set}"
    if isinstance(error, RevisionNotFoundError):
        return InputError(f"the data set {data_set} has no such revision ({reason})")
    denied = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
    if isinstance(error, GatedRepoError | RepositoryNotFoundError) or denied:
        if get_token() is None:
            return InputError(
                f"the data set {data_set} needs a token: accept its licence at {page}, then set "
                "HF_TOKEN or run hf auth login"
            )
        return InputError(
            f"your token does not open the data set {data_set}; accept its licence at {page} with "
            f"the account of the token ({reason})"
        )
    return BridgeError(f"the Hugging Face hub did not give {data_set}: {reason}")
