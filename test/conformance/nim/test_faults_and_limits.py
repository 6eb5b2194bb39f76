"""Each fault reaches OpenAI's client as it would from a real server; limits and deadlines hold."""

from __future__ import annotations

import json
import socket
import time

import httpx
import openai
import pytest
import web
from nim_client import ask, with_facts

from carla_nurec_bridge.servers.nim.options import MODEL

FORM = {
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "it",
            "schema": {
                "type": "object",
                "properties": {"caption": {"type": "string"}},
                "required": ["caption"],
            },
        },
    }
}


def text_of(client, stream, **more):
    reply = ask(client, with_facts(), stream=stream, **more)
    if not stream:
        return reply.choices[0].message.content
    return "".join(choice.delta.content or "" for chunk in reply for choice in chunk.choices)


def test_429_says_when_to_come_back_and_the_client_does(serve, client_of):
    url = serve("rate-limit:1", "rate-limit:1").url
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client_of(url), "?")
    assert caught.value.response.headers["retry-after"] == "1"
    before_s = time.monotonic()
    assert ask(client_of(url, retries=1), "?").choices
    assert time.monotonic() - before_s >= 1.0


def test_503_ends_after_as_many_requests_as_were_asked_for(serve, client_of):
    url = serve("server-error:2").url
    for _ in range(2):
        with pytest.raises(openai.InternalServerError, match="overloaded"):
            ask(client_of(url), "?")
    assert ask(client_of(url), "?").choices


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_is_an_error_and_no_short_answer(serve, client_of, stream):
    client = client_of(serve("cut-stream:1").url)
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        text_of(client, stream)
    assert "two red cars" in text_of(client, stream)


@pytest.mark.parametrize("stream", [False, True])
def test_prose_stands_round_the_json(serve, client_of, stream):
    text = text_of(client_of(serve("prose").url), stream, **FORM)
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(text)
    inner = text.partition("```json\n")[2].partition("\n```")[0]
    assert "two red cars" in json.loads(inner)["caption"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_wrong_language_is_german_and_still_conforms(serve, client_of, stream):
    client = client_of(serve("wrong-language").url)
    assert "3 Auto, 1 Fußgänger" in text_of(client, stream)
    assert "Das Video" in json.loads(text_of(client, stream, **FORM))["caption"]


def test_a_refusal_has_its_own_field_where_json_was_asked_for(serve, client_of):
    client = client_of(serve("refusal").url)
    assert "can't help" in text_of(client, stream=False)
    message = ask(client, with_facts(), **FORM).choices[0].message
    assert message.content is None
    assert "can't help" in message.refusal
    chunks = ask(client, with_facts(), stream=True, **FORM)
    said = "".join(choice.delta.refusal or "" for chunk in chunks for choice in chunk.choices)
    assert "can't help" in said


def test_a_slow_answer_runs_into_the_clients_deadline(serve, client_of):
    client = client_of(serve("slow:1", slow_s=5.0).url)
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.3), "?")
    assert ask(client, "?").choices


def test_a_wrong_key_a_wrong_model_and_a_wrong_body_are_told_apart(serve, client_of):
    url = serve(token="the right one", aliases=("nvidia/cosmos-reason1-7b",)).url
    with pytest.raises(openai.AuthenticationError, match="not valid"):
        client_of(url, "a wrong one").models.list()
    assert web.get(f"{url}/health/ready", timeout=120).status_code == 200
    assert web.get(f"{url}/models", timeout=120).status_code == 401
    client = client_of(url, "the right one")
    with pytest.raises(openai.NotFoundError, match="gpt-x"):
        client.chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": "?"}])
    asked = client.chat.completions.create(
        model="nvidia/cosmos-reason1-7b", messages=[{"role": "user", "content": "?"}]
    )
    assert asked.model == MODEL
    for more, word in (
        ({"temperature": 9.0}, "temperature"),
        ({"n": 3}, "n:"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"extra_body": {"guided_regex": "a"}}, "guided_regex"),
        ({"extra_body": {"nvext": {"guided_choice": ["a"]}}}, "guided_choice"),
        ({"extra_body": {"nvext": 3}}, "nvext"),
        ({"extra_body": {"guided_json": "{"}}, "guided_json"),
    ):
        with pytest.raises(openai.BadRequestError, match=word) as caught:
            ask(client, "?", **more)
        assert caught.value.type == "invalid_request_error"
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model=MODEL, input="?")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff\xfe", b'{"model":1}', b'{"model":"' + b"[" * 10, b"[" * 100_000],
)
def test_bodies_that_are_no_request_are_refused(url, body):
    reply = web.post(f"{url}/chat/completions", content=body, timeout=120)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]


def test_a_request_that_is_too_large_is_refused_whether_it_says_so_or_not(serve, client_of):
    url = serve(body_bytes=1000).url
    with pytest.raises(openai.APIStatusError, match="1000 bytes") as caught:
        ask(client_of(url), "x" * 2000)
    assert caught.value.status_code == 413
    parts = iter([b"x" * 600, b"x" * 600])
    reply = web.post(f"{url}/chat/completions", content=parts, timeout=120)
    assert reply.status_code == 413


def test_a_body_that_never_ends_is_given_up(serve):
    server = serve(read_s=0.3)
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        connection.sendall(head)
        connection.settimeout(10)
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def refusal_of(client: openai.OpenAI) -> openai.RateLimitError | None:
    try:
        client.models.list()
    except openai.RateLimitError as error:
        return error
    return None


def until(client: openai.OpenAI, *, refused: bool) -> openai.RateLimitError | None:
    """Ask until the answer is as wanted; return the refusal."""
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:
        refusal = refusal_of(client)
        if (refusal is not None) == refused:
            return refusal
        time.sleep(0.01)
    raise AssertionError("it never was")


def test_more_requests_than_it_works_on_are_told_to_come_back(serve, client_of):
    server = serve(in_flight=1)
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        connection.sendall(head)
        refusal = until(client_of(server.url), refused=True)
        assert refusal.response.headers["retry-after"] == "1"
        assert "being answered" in str(refusal)
        connection.shutdown(socket.SHUT_RDWR)
    until(client_of(server.url), refused=False)
