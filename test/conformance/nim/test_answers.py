"""OpenAI's client is answered from the facts that it sends, whole and as a stream."""

from __future__ import annotations

import json

import pytest
import web
from nim_client import ASKED, FACTS, ask, with_facts
from openai import AsyncOpenAI

from carla_nurec_bridge.servers.nim.options import MODEL


def test_health_models_and_version_are_those_of_a_nim(url, client):
    for probe, word in (("ready", "ready"), ("live", "live")):
        reply = web.get(f"{url}/health/{probe}", timeout=120)
        assert (reply.status_code, reply.json()["message"]) == (200, f"Service is {word}.")
        assert reply.json()["object"] == "health.response"
    (model,) = client.models.list().data
    assert (model.id, model.object) == (MODEL, "model")
    assert "no model" in model.owned_by
    assert client.models.retrieve(MODEL) == model
    assert web.get(f"{url}/version", timeout=120).json()["release"] == "no-model"


def test_a_description_tells_every_fact(client):
    reply = ask(client, with_facts())
    text = reply.choices[0].message.content
    for words in (
        "an intersection among buildings with traffic lights",
        "three cars and one pedestrian",
        "two red cars",
        "One red car is turning left",
        "One pedestrian is crossing the road",
        "A red car collides with a pedestrian",
        "by day",
        "clear sky",
        "the road is wet",
    ):
        assert words in text
    assert "rain" not in text
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.model, reply.system_fingerprint) == (MODEL, "no-model")


def test_a_rewrite_keeps_the_conditions_word_for_word_instead_of_the_recorded_ones(client):
    text = ask(client, with_facts(conditions=ASKED)).choices[0].message.content
    assert all(condition in text for condition in ASKED.values())
    assert "two red cars" in text
    assert "clear sky" not in text
    assert "wet" not in text


def test_facts_of_the_file_are_used_where_the_messages_hold_none(serve, client_of):
    client = client_of(serve(facts=FACTS).url)
    assert "two red cars" in ask(client, "What is there?").choices[0].message.content
    other = json.dumps({"counts": {"truck": 2}})
    assert "two trucks" in ask(client, f"Facts: {other} and {{no json}}").choices[0].message.content


def test_without_facts_it_says_that_it_is_no_model(client):
    text = ask(client, "What is there? {not json").choices[0].message.content
    assert "no model" in text


def test_the_answer_tags_of_cosmos_reason_are_given_when_asked_for(client):
    told = "Answer as <think>reasons</think> <answer>text</answer>. " + with_facts()
    text = ask(client, told).choices[0].message.content
    inner = text.partition("<answer>\n")[2].partition("\n</answer>")[0]
    assert inner == ask(client, with_facts()).choices[0].message.content


def test_a_stream_holds_the_same_text_and_usage(client):
    whole = ask(client, with_facts())
    chunks = list(ask(client, with_facts(), stream=True, stream_options={"include_usage": True}))
    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(deltas) == whole.choices[0].message.content
    assert sum(map(bool, deltas)) > 20
    assert chunks[-1].usage == whole.usage
    assert not any(chunk.usage for chunk in chunks[:-1])
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert reasons[-1] == "stop"
    assert set(reasons[:-1]) == {None}
    assert len({chunk.id for chunk in chunks}) == 1
    usage = whole.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_most_tokens_and_stops_end_an_answer(client):
    cut = ask(client, with_facts(), max_tokens=5)
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 5)
    assert cut.choices[0].message.content == "The camera shows an intersection"
    stopped = ask(client, with_facts(), stop=[" with", "never"])
    assert stopped.choices[0].message.content.endswith("among buildings")
    assert stopped.choices[0].finish_reason == "stop"


def test_what_is_ignored_is_named(client):
    reply = client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=[{"role": "user", "content": "?"}],
        extra_body={
            "top_k": 3,
            "repetition\nénalty": 1.1,
            "media_io_kwargs": {"video": {"fps": 4}},
        },
    )
    assert "top_k" in reply.headers["x-ignored-fields"]
    assert "media_io_kwargs" not in reply.headers["x-ignored-fields"]
    assert reply.headers["x-answered-by"] == f"{MODEL}; no model"


def test_lone_surrogates_come_back_whole(url):
    condition = json.dumps({"facts": FACTS, "conditions": {"w": "\ud800 fog"}})
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": condition}]})
    reply = web.post(f"{url}/chat/completions", content=body, timeout=120)
    assert reply.status_code == 200
    assert "\\ud800 fog" in reply.text


@pytest.mark.parametrize("stream", [False, True])
def test_the_asynchronous_client_is_answered_too(url, stream):
    import asyncio

    async def text_of(url: str) -> str:
        async with AsyncOpenAI(base_url=url, api_key="none", timeout=120) as client:
            messages = [{"role": "user", "content": with_facts()}]
            reply = await client.chat.completions.create(
                model=MODEL, messages=messages, stream=stream
            )
            if not stream:
                return reply.choices[0].message.content
            return "".join([chunk.choices[0].delta.content or "" async for chunk in reply])

    assert "two red cars" in asyncio.run(text_of(url))
