"""A small OpenAI-compatible server for tests: each request takes the next of a list of replies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Answers chat completions by the server's replies, the last one again and again."""

    def do_GET(self) -> None:
        self.send(200, {"object": "list", "data": [{"id": name} for name in self.server.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        with self.server.lock:
            replies = self.server.replies
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        with suppress(BrokenPipeError, ConnectionResetError):
            reply(self, body)

    def send(self, status: int, content: dict[str, Any], **headers: str) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, pieces: list[str], *, whole: bool = True) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for piece in pieces:
            self.event({"delta": {"content": piece}, "index": 0, "finish_reason": None})
        if whole:
            self.event({"delta": {}, "index": 0, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")

    def event(self, choice: dict[str, Any]) -> None:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake-1"}
        self.wfile.write(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        pass


def says(text: str, *, finish: str = "stop", refusal: str | None = None) -> Reply:
    """Answer with a text, as a stream where that was asked for."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        if body.get("stream"):
            handler.stream([text[i : i + 7] for i in range(0, len(text), 7)])
            return
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        head = {"id": "c", "object": "chat.completion", "created": 1, "model": "fake-1"}
        handler.send(200, {**head, "choices": [choice]})

    return reply


def fails(status: int, message: str = "no", **headers: str) -> Reply:
    """Answer with a status."""
    error = {"error": {"message": message, "type": "t", "code": None, "param": None}}
    return lambda handler, _: handler.send(status, error, **headers)


def cut(handler: Handler, body: dict[str, Any]) -> None:
    """Break off in the middle of the answer, streamed or not."""
    if body.get("stream"):
        handler.stream(['{"prompt": "A road'], whole=False)
        return
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def hangs_up(handler: Handler, _: dict[str, Any]) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True
    handler.connection.close()


def drips(handler: Handler, _: dict[str, Any]) -> None:
    """Send a space now and then, for ever."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    while not handler.server.ended.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def floods(handler: Handler, _: dict[str, Any]) -> None:
    """Send without an end, as fast as it goes."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.end_headers()
    while not handler.server.ended.is_set():
        handler.wfile.write(b": more\n\n" * 4096)


class FaultServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies, self.requests, self.lock = replies, [], threading.Lock()
        self.models, self.ended = ["fake-1"], threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.requests]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def fault_server(*replies: Reply) -> Iterator[FaultServer]:
    """Serve replies on a free port of loopback."""
    server = FaultServer(list(replies))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(60)
