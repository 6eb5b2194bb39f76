"""NVIDIA's published scenes: what there is on the Hugging Face hub, and fetching some of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from huggingface_hub import HfApi, get_session, get_token, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from ...core.errors import BridgeError, InputError
from ...core.files.reasons import reason_of
from .download import StatusError, WantedFile, download

DATA_SET = "nvidia/PhysicalAI-Autonomous-Vehicles-NuRec"
LICENCE = (
    "NVIDIA's licence of this data set allows autonomous-vehicle use only, for 12 months, and "
    f"neither derivatives nor redistribution: https://huggingface.co/datasets/{DATA_SET}"
)
_RELEASE = re.compile(r"(\d\d\.\d\d)_release")


@dataclass(frozen=True)
class HubFile:
    """A file of the data set at one commit: path, size in bytes, digest as ``download`` has it."""

    path: str
    size: int
    digest: str
    commit: str


@dataclass(frozen=True)
class PublishedScene:
    """One scene of the data set: its id, release such as "25.07", package, and what lies beside it.

    ``files`` are all of its files, the package among them.
    """

    scene_id: str
    release: str
    package: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all of its files."""
        return sum(file.size for file in self.files)


def published(data_set: str = DATA_SET, revision: str | None = None) -> list[PublishedScene]:
    """Return the scenes of a data set by release and id, newest release last.

    The token comes from HF_TOKEN or from ``hf auth login``. InputError when the data set is gated
    and the token does not open it, or is not there; BridgeError when the hub does not answer.
    """
    try:
        api = HfApi()
        commit = api.repo_info(data_set, repo_type="dataset", revision=revision).sha
        tree = api.list_repo_tree(data_set, repo_type="dataset", recursive=True, revision=commit)
        files = [
            HubFile(e.path, e.size, e.lfs.sha256 if e.lfs else e.blob_id, str(commit))
            for e in tree
            if isinstance(e, RepoFile)
        ]
    except (HfHubHTTPError, OSError, _unreachable()) as error:
        raise _in_words(data_set, error) from error
    return sorted(_scenes(files), key=lambda scene: (scene.release, scene.scene_id))


def _scenes(files: Sequence[HubFile]) -> Iterable[PublishedScene]:
    beside: dict[str, list[HubFile]] = {}
    for file in files:
        beside.setdefault(file.path.rpartition("/")[0], []).append(file)
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if name.endswith(".usdz"):
            release = _RELEASE.search(file.path)
            mine = tuple(beside[folder]) if folder else (file,)
            scene_id = name.removesuffix(".usdz")
            yield PublishedScene(scene_id, release[1] if release else "", file.path, mine)


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
    scenes: Sequence[PublishedScene],
    folder: Path,
    data_set: str = DATA_SET,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> list[Path]:
    """Download scenes with what lies beside them; return their packages below ``folder``.

    What is there already is kept, what was interrupted is continued, and all is checked against
    the digests that the hub lists. ``on_bytes`` hears how many bytes came. Errors as
    ``published`` and ``download``.
    """
    token = get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for file in dict.fromkeys(file for scene in scenes for file in scene.files):
        url = hf_hub_url(data_set, file.path, repo_type="dataset", revision=file.commit)
        try:
            download(WantedFile(url, file.size, file.digest), folder / file.path, headers, on_bytes)
        except StatusError as error:
            denied = error.status in (401, 403)
            raise (
                _denied(data_set, str(error))
                if denied
                else BridgeError(f"the Hugging Face hub did not give {file.path}: {error}")
            ) from error
        except OSError as error:
            raise InputError(
                f"cannot write {folder / file.path}: {reason_of(error, folder / file.path)}"
            ) from error
    return [folder / scene.package for scene in scenes]


def _in_words(data_set: str, error: Exception) -> BridgeError:
    reason = _without_secrets(str(error))[:300]
    if isinstance(error, RevisionNotFoundError):
        return InputError(f"the data set {data_set} has no such revision ({reason})")
    denied = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
    if isinstance(error, GatedRepoError | RepositoryNotFoundError) or denied:
        return _denied(data_set, reason)
    return BridgeError(f"the Hugging Face hub did not give {data_set}: {reason}")


def _unreachable() -> type[Exception]:
    """Return what the HTTP library of this huggingface_hub raises when nobody answers."""
    library = import_module(type(get_session()).__module__.partition(".")[0])
    found: type[Exception] = getattr(library, "TransportError", OSError)
    return found


def _denied(data_set: str, reason: str) -> InputError:
    page = f"https://huggingface.co/datasets/{data_set}"
    if get_token() is None:
        return InputError(
            f"the data set {data_set} needs a token: accept its licence at {page}, then set "
            "HF_TOKEN or run hf auth login"
        )
    return InputError(
        f"your token does not open the data set {data_set}; accept its licence at {page} with "
        f"the account of the token ({reason})"
    )


def _without_secrets(text: str) -> str:
    """Return a text on one line without the token and without what signs the addresses in it."""
    token = get_token()
    if token:
        text = text.replace(token, "***")
    return " ".join(re.sub(r"(https?://[^\s?'\"]+)\?[^\s'\"]+", r"\1", text).split())
