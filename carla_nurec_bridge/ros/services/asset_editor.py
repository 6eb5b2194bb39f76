"""A scene's edits as a run sees them: which tracks are there, which of them were put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...core.errors import ProtocolError
from ...nurec import assets
from ...nurec.assets import WantedAsset
from ...nurec.client.client import NurecClient
from ...nurec.editing import EditableTrack
from ...world.inserted_actors import InsertedActors


class AssetEditor:
    """Edits one scene through a client; the thread that renders uses it.

    ``added`` are the ids of the tracks that were put in, by anybody; ``changed`` is called with
    them whenever this node looks or edits, ``before`` whenever it is about to edit.
    """

    def __init__(
        self,
        client: NurecClient,
        scene_id: str,
        recorded: Iterable[str],
        changed: Callable[[frozenset[str]], None],
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._scene_id = scene_id
        self._recorded = frozenset(recorded)
        self._changed = changed
        self._before = before
        self.added: frozenset[str] = frozenset()

    @property
    def possible(self) -> bool:
        """Whether the server can list a scene's tracks and does not say that editing is off."""
        found = self._client.capabilities
        return found.knows_assets and found.editing is not False

    def look(self) -> str:
        """Find out what others have put in; return why that cannot be told, or an empty text.

        Images do not need it: NuRec may refuse to list tracks when it was started without
        editing, and not say so before.
        """
        if not self.possible:
            return ""
        try:
            self.tracks()
        except ProtocolError as error:
            return f"nobody can follow what was put into the scene: {error}"
        return ""

    def tracks(self) -> tuple[EditableTrack, ...]:
        """Return the dynamic objects as they are now."""
        tracks = assets.movable(self._client, self._scene_id)
        self.added = assets.added_ids(tracks, self._recorded)
        self._changed(self.added)
        return tracks

    def external(self) -> tuple[str, ...]:
        """Return the assets that may be put in."""
        return assets.external(self._client, self._scene_id)

    def replace(self, edits: Sequence[WantedAsset]) -> str:
        """Draw tracks as other assets; return the server's words."""
        self._before()
        return assets.replace_assets(self._client, self._scene_id, edits)

    def insert(self, edits: Sequence[WantedAsset]) -> str:
        """Put actors in; return the server's words."""
        self._before()
        words = assets.insert_assets(self._client, self._scene_id, edits)
        self.tracks()
        return words

    def ensure(self, edits: Sequence[WantedAsset]) -> str:
        """Put in what is not there yet; return the server's words."""
        self._before()
        words = assets.ensure_inserted(self._client, self._scene_id, edits)
        self.tracks()
        return words

    def restore(self) -> str:
        """Undo all edits; return what to say."""
        self._before()
        assets.restore_assets(self._client, self._scene_id)
        self.tracks()
        return f"the scene {self._scene_id} is as recorded"


def assets_of_inserted_actors(inserted: InsertedActors) -> list[WantedAsset]:
    """Return the edits that put actors into a scene, each as large as CARLA's box of it."""
    return [WantedAsset(e.name, e.asset_id, e.size_m, e.label_class) for e in inserted.actors]
