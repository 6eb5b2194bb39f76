"""An embedded CARLA 0.9.16: the real client drives it over the real protocol.

``open_server`` loads a map and listens; ``serve`` on the result runs until ``stop``.
"""

from __future__ import annotations

from .server import CarlaServer, open_server

__all__ = ["CarlaServer", "open_server"]
