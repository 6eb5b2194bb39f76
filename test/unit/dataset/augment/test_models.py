"""The client of models against a server that does everything wrong that servers do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fault_endpoint import cut, drips, fails, fault_server, floods, hangs_up, says
from pydantic import Field

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.run_contract.record import Record
from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy
from carla_nurec_bridge.dataset.augment.models.chat import ChatModel
from carla_nurec_bridge.dataset.augment.models.endpoint import (
    REWRITING_SAMPLING,
    Endpoint,
    endpoint_of,
)
from carla_nurec_bridge.dataset.augment.models.failures import AnswerFault, ModelUnavailable
from carla_nurec_bridge.dataset.augment.models.json_answer import json_answer

QUICK = RetryPolicy(retries=3, initial_s=0.01, cap_s=0.05, jitter_s=0.01)
ASKED = [{"role": "user", "content": "a prompt, please"}]


class Wanted(Record):
    """What is asked for."""

    prompt: str = Field(min_length=1)


def model_of(server, *, stream: bool = False, **changes) -> ChatModel:
    sampling = replace(REWRITING_SAMPLING, stream=stream)
    endpoint = Endpoint("LLM", server.url, "fake-1", sampling, timeout_s=2.0, deadline_s=100.0)
    return ChatModel(replace(endpoint, **changes), QUICK)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request) -> bool:
    return request.param


def test_an_answer_comes_whole_and_streamed(stream):
    with fault_server(says('{"prompt": "A wet road."}')) as server:
        model = model_of(server, stream=stream, key="top-secret")
        answer = model.ask(ASKED, Wanted, seed=7)
        assert (json_answer(answer.text, Wanted).prompt, answer.model) == ("A wet road.", "fake-1")
        ((path, headers, body),) = server.requests
        assert path == "/v1/chat/completions"
        assert headers["authorization" if "authorization" in headers else "Authorization"] == (
            "Bearer top-secret"
        )
        assert (body["seed"], body["temperature"], body["top_p"]) == (7, 0.8, 0.95)
        form = body["response_format"]["json_schema"]
        assert form["strict"] is True
        assert form["schema"]["required"] == ["prompt"]
        assert bool(body.get("stream")) is stream
        model.close()
        model.close()


@pytest.mark.parametrize(
    "fault",
    [fails(429, retry_after="0"), fails(500), fails(503), fails(408), cut, hangs_up],
    ids=["429", "500", "503", "408", "cut", "hangs up"],
)
def test_what_may_pass_is_asked_again_each_time_anew(stream, fault):
    good = says('{"prompt": "x"}')
    with fault_server(fault, fault, good, fault, fault, fault, good) as server:
        model = model_of(server, stream=stream)
        sent: list[int] = []
        model.ask(ASKED, Wanted, 1, lambda: sent.append(1))
        assert len(sent) == len(server.requests) == 3
        model.ask(ASKED, Wanted, 1)
        assert len(server.requests) == 7, "the tries of an earlier text do not count"


def test_what_never_passes_is_told_after_the_last_try(stream):
    with fault_server(fails(503, "loading")) as server:
        with pytest.raises(ModelUnavailable, match=r"the LLM at http.* did not answer: .*loading"):
            model_of(server, stream=stream).ask(ASKED, Wanted, 1)
        assert len(server.requests) == 1 + QUICK.retries


def test_a_server_that_is_not_there_is_told():
    endpoint = Endpoint("VLM", f"http://127.0.0.1:{free_port()}/v1", "m", REWRITING_SAMPLING)
    sent: list[int] = []
    patient = replace(QUICK, retries=100)
    with pytest.raises(ModelUnavailable, match="refused.*go without VLM_ENDPOINT_URL"):
        ChatModel(endpoint, patient).ask(ASKED, Wanted, 1, lambda: sent.append(1))
    assert len(sent) == 3, "it was never there: that is told soon"


@pytest.mark.parametrize("endless", [drips, floods])
def test_replies_without_an_end_are_left_at_the_deadline(stream, endless):
    with fault_server(endless) as server, pytest.raises(ModelUnavailable):
        model_of(server, stream=stream, deadline_s=0.6).ask(ASKED, Wanted, 1)


def test_a_long_wait_that_a_server_asks_for_ends_with_the_deadline():
    with fault_server(fails(429, retry_after="3600")) as server:
        slow = RetryPolicy(retries=50, initial_s=0.2, cap_s=0.3, jitter_s=0.0)
        model = ChatModel(model_of(server, deadline_s=2.0).endpoint, slow)
        with pytest.raises(ModelUnavailable, match="the LLM at .* did not answer"):
            model.ask(ASKED, Wanted, 1)
        assert len(server.requests) <= 12


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (fails(401, "bad key"), "refused the key: .*bad key.*set BUILD_NVIDIA_API_KEY"),
        (fails(403), "refused the key"),
        (fails(404, "no such model"), "has no model fake-1.*set LLM_MODEL"),
        (fails(413, "too large"), "refused the request: .*too large"),
        (fails(400, "bad seed"), "refused the request: .*bad seed"),
    ],
)
def test_what_asking_again_does_not_mend_is_told_at_once(fault, words):
    with fault_server(fault) as server:
        with pytest.raises(InputError, match=words):
            model_of(server, key="top-secret").ask(ASKED, Wanted, 1)
        assert len(server.requests) == 1


def test_a_key_is_never_told():
    with fault_server(fails(401, "bad key")) as server:
        model = model_of(server, key="top-secret")
        with pytest.raises(InputError) as told:
            model.ask(ASKED, Wanted, 1)
        assert "top-secret" not in f"{told.value}{model.endpoint!r}{model.endpoint}"


def test_a_server_without_schemas_is_asked_without():
    with fault_server(fails(400, "response_format is not supported"), says('{"prompt": "x"}')) as s:
        model = model_of(s)
        model.ask(ASKED, Wanted, 1)
        model.ask(ASKED, Wanted, 1)
        assert ["response_format" in body for body in s.bodies()] == [True, False, False]


def test_a_model_that_nobody_names_is_the_only_one():
    with fault_server(says('{"prompt": "x"}')) as server:
        model_of(server, model=None).ask(ASKED, Wanted, 1)
        assert server.bodies()[0]["model"] == "fake-1"
        server.models = ["a", "b"]
        with pytest.raises(InputError, match=r"several models or none \(a, b\); name one"):
            model_of(server, model=None).ask(ASKED, Wanted, 1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (says("", refusal="I cannot do that"), "refused: I cannot"),
        (says("", finish="content_filter"), "refused: by a content filter"),
        (says('{"prompt": "A', finish="length"), "cut at its greatest length"),
        (lambda handler, _: handler.send(200, {"hello": 1}), "no chat completion"),
        (lambda handler, _: handler.send(200, {"choices": []}), "no chat completion"),
        (lambda handler, _: handler.send(200, {"choices": [{"message": 3}]}), "no chat completion"),
    ],
)
def test_an_answer_that_is_none_is_a_fault_of_the_answer(reply, words):
    with fault_server(reply) as server, pytest.raises(AnswerFault, match=words):
        model_of(server).ask(ASKED, Wanted, 1)


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "A {wet} road."}',
        'Sure! Here it is:\n```json\n{"prompt": "A {wet} road."}\n```\nAnything else?',
        '<think>maybe {"prompt": "no"} or not</think>{"prompt": "A {wet} road."}',
        '{"other": 1} then {"prompt": "A {wet} road."}',
        'set {x} of braces { {"prompt": "A {wet} road."}',
    ],
)
def test_json_is_found_among_prose(text):
    assert json_answer(text, Wanted).prompt == "A {wet} road."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a wet road", "holds no JSON"),
        ('{"prompt": ""}', "not as asked: prompt"),
        ('{"prompt": 3}', "not as asked: prompt"),
        ('{"prompt": "x", "more": 1}', "not as asked: more"),
        ("{" * 100_000, "holds no JSON"),
        ('<think>{"prompt": "endless', "holds no JSON"),
    ],
)
def test_what_holds_no_such_json_is_told(text, words):
    with pytest.raises(AnswerFault, match=words):
        json_answer(text, Wanted)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://localhost:8002", "http://localhost:8002/v1"),
        ("http://localhost:8002/", "http://localhost:8002/v1"),
        ("https://h/openai/v1/", "https://h/openai/v1"),
        ("https://h/v1/chat/completions", "https://h/v1"),
    ],
)
def test_addresses_are_read_as_people_write_them(address, url):
    environment = {"LLM_ENDPOINT_URL": address, "LLM_MODEL": "m", "BUILD_NVIDIA_API_KEY": "k"}
    found = endpoint_of("LLM", environment)
    assert (found.url, found.model, found.key) == (url, "m", "k")
    assert endpoint_of("VLM", environment) is None
    given = endpoint_of("LLM", environment, url="http://other:1", model="n")
    assert (given.url, given.model) == ("http://other:1/v1", "n")


@pytest.mark.parametrize("address", ["localhost:8002", "ftp://h", "http://", "http://h:99999"])
def test_what_is_no_address_is_told(address):
    with pytest.raises(InputError, match="LLM_ENDPOINT_URL: .* is no address"):
        endpoint_of("LLM", {"LLM_ENDPOINT_URL": address})


def test_a_password_in_an_address_is_refused_and_not_told():
    with pytest.raises(InputError, match="holds a user or password") as told:
        endpoint_of("LLM", {"LLM_ENDPOINT_URL": "http://me:hunter2@h/v1"})
    assert "hunter2" not in str(told.value)
