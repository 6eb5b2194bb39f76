"""A Docker engine of a few calls: HTTP over a Unix socket, and one gRPC method behind it."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from carla_nurec_bridge.nurec.client.service import SERVICES
from carla_nurec_bridge.nurec.stubs import common_pb2 as common

IMAGE = "nurec/test:1"


class FakeDocker:
    """State of the engine; ``calls`` are method, path and body of every request."""

    def __init__(self, socket: Path, *, crash: bool = False) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.containers: dict[str, dict[str, Any]] = {}
        self.servers: dict[str, grpc.Server] = {}
        self.images = {IMAGE}
        self.crash = crash
        engine = self

        class Handler(_Handler):
            fake = engine

        self._http = _Http(str(socket), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        for name in list(self.containers):
            self.stop(name)
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def start(self, name: str) -> None:
        container = self.containers[name]
        if self.crash:
            container["State"] = {"Status": "exited", "Running": False, "ExitCode": 1}
            return
        container["State"] = {"Status": "running", "Running": True}
        port = next(a.split("=")[1] for a in container["Config"]["Cmd"] if a.startswith("--port="))
        server = grpc.server(ThreadPoolExecutor(2))
        answer = grpc.unary_unary_rpc_method_handler(
            lambda _request, _context: common.VersionId(version_id="test"),
            request_deserializer=common.Empty.FromString,
            response_serializer=common.VersionId.SerializeToString,
        )
        handler = grpc.method_handlers_generic_handler(SERVICES[0], {"get_version": answer})
        server.add_generic_rpc_handlers((handler,))
        assert server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        self.servers[name] = server

    def stop(self, name: str) -> None:
        self.containers[name]["State"] = {"Status": "exited", "Running": False}
        server = self.servers.pop(name, None)
        if server is not None:
            server.stop(0).wait()


class _Http(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    fake: FakeDocker
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, query = self._note(None)
        match path.strip("/").split("/"):
            case ["_ping"]:
                self._send(200, b"OK", "text/plain")
            case ["version"]:
                self._json(200, {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "25.0"})
            case ["images", *name, "json"]:
                image = "/".join(name)
                known = image in self.fake.images
                self._json(
                    200 if known else 404, {"Id": image, "message": f"No such image: {image}"}
                )
            case ["containers", "json"]:
                labels = json.loads(query["filters"][0])["label"]
                found = [
                    {"Id": c["Id"]}
                    for c in self.fake.containers.values()
                    if c["State"]["Status"] == "running"
                    and all(
                        label.split("=", 1) in map(list, c["Config"]["Labels"].items())
                        for label in labels
                    )
                ]
                self._json(200, found)
            case ["containers", name, "json"]:
                container = self.fake.containers.get(name)
                self._json(200 if container else 404, container or {"message": "no such container"})
            case ["containers", name, "logs"]:
                self._logs(name)
            case _:
                self._json(500, {"message": f"the fake has no {path}"})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size) or b"null")
        path, query = self._note(body)
        match path.strip("/").split("/"):
            case ["containers", "create"]:
                name = query["name"][0]
                self.fake.containers[name] = {
                    "Id": name,
                    "Name": f"/{name}",
                    "Config": body,
                    "State": {"Status": "created", "Running": False},
                }
                self._json(201, {"Id": name, "Warnings": []})
            case ["containers", name, "start"]:
                self.fake.start(name)
                self._send(204, b"", "text/plain")
            case ["containers", name, "stop"]:
                self.fake.stop(name)
                self._send(204, b"", "text/plain")
            case ["images", "create"]:
                self.fake.images.discard(query["fromImage"][0])
                self._json(404, {"message": "pull access denied"})
            case _:
                self._json(500, {"message": f"the fake has no {path}"})

    def do_DELETE(self) -> None:
        path, _ = self._note(None)
        self.fake.containers.pop(path.strip("/").split("/")[1])
        self._send(204, b"", "text/plain")

    def _logs(self, name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.raw-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        text = b"loading the scene\n"
        frame = b"\x01\x00\x00\x00" + len(text).to_bytes(4, "big") + text
        self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
        self.wfile.flush()
        while self.fake.containers.get(name, {"State": {}})["State"].get("Running"):
            time.sleep(0.02)
        self.wfile.write(b"0\r\n\r\n")

    def _note(self, body: Any) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        path = parts.path
        if path.startswith("/v1."):
            path = path[path.index("/", 1) :]
        self.fake.calls.append((self.command, path, body))
        return path, parse_qs(parts.query)

    def _json(self, code: int, content: Any) -> None:
        self._send(code, json.dumps(content).encode(), "application/json")

    def _send(self, code: int, content: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
