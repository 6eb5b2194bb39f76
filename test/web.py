"""HTTP as tests speak it: by httpx, whose every call would read all certificates of the machine."""

from __future__ import annotations

from functools import partial

import httpx

from carla_nurec_bridge.core.machine.certificates import trusted

get = partial(httpx.get, verify=trusted())
post = partial(httpx.post, verify=trusted())
request = partial(httpx.request, verify=trusted())
Client = partial(httpx.Client, verify=trusted())
