"""Facts of a scene, OpenAI's own client, and what it may send."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import av
import numpy as np
from openai import DefaultHttpxClient, OpenAI
from PIL import Image

from carla_nurec_bridge.core.machine.certificates import trusted
from carla_nurec_bridge.servers.nim.options import MODEL

FACTS: dict[str, Any] = {
    "counts": {"car": {"total": 3, "most_at_once": 2, "least_at_once": 0}, "pedestrian": 1},
    "actors": [
        {"track_id": 1, "name": "red car", "colour": "red"},
        {"track_id": 2, "name": "red car", "colour": "red"},
        {"track_id": 3, "name": "car", "colour": None},
        {"track_id": 4, "name": "pedestrian", "colour": None},
    ],
    "manoeuvres": [
        {"kind": "turning_left", "track_id": 1},
        {"kind": "crossing_road", "track_id": 4},
    ],
    "place": {"layout": "intersection", "setting": "built_up", "traffic_lights": True},
    "conditions": {"time_of_day": "day", "sky": "clear", "rain": "none", "road": "wet"},
    "events": [{"plain_text": "a red car collides with a pedestrian"}],
}
ASKED = {"weather": "heavy rain", "light": "the blue hour"}


def new_client(url: str, key: str = "none", retries: int = 0) -> OpenAI:
    http = DefaultHttpxClient(verify=trusted())  # one that reads no certificates of its own
    return OpenAI(base_url=url, api_key=key, max_retries=retries, timeout=120, http_client=http)


def ask(client: OpenAI, content: Any, **more: Any) -> Any:
    """Ask with one message of the user."""
    return client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": content}], **more
    )


def with_facts(**beside: Any) -> str:
    return f"Describe this scene:\n```json\n{json.dumps({'facts': FACTS, **beside})}\n```\nBriefly."


def data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_part(width: int = 56, height: int = 30) -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, "PNG")
    return {"type": "image_url", "image_url": {"url": data_url("image/png", file.getvalue())}}


def video_bytes(frames: int = 20, rate_hz: int = 10) -> bytes:
    """Return a video of 64x48 pixels."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(frames):
            pixels = np.full((48, 64, 3), 10 * index % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode())
    return file.getvalue()


def video_part(data: bytes) -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": data_url("video/mp4", data)}}
