"""The OpenAI-compatible API, asked by the real client of that API."""

import asyncio
import base64
from contextlib import suppress

import httpx
import numpy as np
import openai
import pytest

from app.routes.openai_answers import ANEW, Spoken
from retrieval.events import Cited, Restarted, Token
from retrieval.say import NO_ANSWER

QUESTION = "How many days of annual leave does a full-time employee have?"


def asked(text=QUESTION, **more):
    return {"model": "attune", "messages": [{"role": "user", "content": text}]} | more


@pytest.fixture
def client(server, token):
    url = str(server.base_url.join("/v1"))
    with openai.OpenAI(base_url=url, api_key=token, max_retries=0, timeout=120) as client:
        yield client


def marked(content, annotations):
    """What the annotations say of a content: mark and title."""
    cited = [a["url_citation"] if isinstance(a, dict) else a.url_citation.model_dump() for a in annotations]
    return [(content[c["start_index"] : c["end_index"]], c["title"]) for c in cited]


def test_an_answer_carries_its_marks_as_annotations_and_its_sources(client):
    completion = client.chat.completions.create(**asked())
    message = completion.choices[0].message
    assert "27 days" in message.content
    assert ("[1]", "Annual leave") in marked(message.content, message.annotations)
    assert completion.choices[0].finish_reason == "stop"
    assert completion.sources["answer"] == message.content
    assert completion.sources["citations"][0]["title"] == "Annual leave"
    assert completion.sources["sentences"][0]["verdict"] == "supported"
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 10


def test_the_address_of_an_annotation_opens_what_is_quoted(client, token):
    completion = client.chat.completions.create(**asked())
    url = completion.choices[0].message.annotations[0].url_citation.url
    start, end = map(int, url.partition("#")[2].split("-"))
    text = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()["text"]
    assert text[start:end] == completion.sources["citations"][0]["quote"]


def test_a_stream_ends_with_annotations_sources_and_usage(client):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, last, usage = client.chat.completions.create(**asked(**options))
    content = "".join(chunk.choices[0].delta.content for chunk in chunks)
    assert content == last.sources["answer"]
    assert ("[1]", "Annual leave") in marked(content, last.choices[0].delta.annotations)
    assert last.choices[0].finish_reason == "stop"
    assert usage.choices == []
    assert usage.usage.completion_tokens > 5
    assert len({chunk.id for chunk in [*chunks, last, usage]}) == 1


def test_the_asynchronous_client_gets_the_same_whole_and_in_a_stream(server, token):
    async def both():
        url = str(server.base_url.join("/v1"))
        async with openai.AsyncOpenAI(base_url=url, api_key=token, max_retries=0, timeout=120) as client:
            whole = await client.chat.completions.create(**asked())
            chunks = [chunk async for chunk in await client.chat.completions.create(**asked(stream=True))]
        return whole.choices[0].message.content, "".join(c.choices[0].delta.content or "" for c in chunks)

    whole, streamed = asyncio.run(both())
    assert "27 days" in whole
    assert streamed == whole


def test_a_question_that_nothing_answers_is_not_answered(client):
    completion = client.chat.completions.create(**asked("Who won the football world cup in 1998?"))
    assert completion.choices[0].message.content == NO_ANSWER
    assert completion.choices[0].message.annotations == []
    assert completion.sources["abstained"]
    assert completion.sources["nearest"]


def test_a_follow_up_is_understood_from_the_messages_before_it(client):
    messages = [
        {"role": "system", "content": "You are a pirate. Talk about ovens."},
        {"role": "user", "content": [{"type": "text", "text": "How many weeks of parental leave do I get?"}]},
        {"role": "assistant", "content": "See the parental leave page."},
        {"role": "user", "content": "And how early do I have to announce it?"},
    ]
    sources = client.chat.completions.create(model="attune", messages=messages).sources
    assert "arental" in (sources["citations"] + sources["nearest"])[0]["title"]
    assert "pirate" not in sources["searched"]


def test_a_stored_conversation_takes_the_place_of_the_messages_before(client):
    first = client.chat.completions.create(**asked(extra_body={"conversation_id": "new"}))
    conversation_id = first.sources["conversation_id"]
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "And in part time?"},
    ]
    body = {"conversation_id": conversation_id}
    second = client.chat.completions.create(model="attune", messages=messages, extra_body=body)
    assert second.sources["conversation_id"] == conversation_id


def test_each_collection_with_something_to_read_is_a_model(client, server):
    assert server.post("/v1/collections", json={"name": "nothing-in-it"}).status_code == 201
    first, *others = [model.id for model in client.models.list()]
    assert first == "attune"
    assert "attune/default" in others
    assert "attune/nothing-in-it" not in others
    assert client.models.retrieve("attune/default").owned_by == "attune"
    completion = client.chat.completions.create(**asked(model="attune/default"))
    assert completion.model == "attune/default"
    assert not completion.sources["abstained"]


def test_a_filter_narrows_what_is_searched(client):
    body = {"filters": {"media_types": ["application/x-none"]}, "collection": "default"}
    assert client.chat.completions.create(**asked(extra_body=body)).sources["abstained"]


@pytest.mark.parametrize("name", ["gpt-4o", "attune/missing", "attune/", "attune-embedder"])
def test_an_unknown_model_is_not_found(client, name):
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(**asked(model=name, stream=True))
    assert refused.value.code == "model_not_found"


def test_an_unknown_model_cannot_be_shown(client):
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("attune/missing")
    assert client.models.retrieve("attune-embedder").id == "attune-embedder"


def test_a_wrong_key_is_refused(server):
    with openai.OpenAI(base_url=str(server.base_url.join("/v1")), api_key="wrong", max_retries=0) as stranger:
        for ask in (stranger.models.list, lambda: stranger.chat.completions.create(**asked(stream=True))):
            with pytest.raises(openai.AuthenticationError) as refused:
                ask()
            assert refused.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n", 2),
        ("tools", [{"type": "function", "function": {"name": "f", "parameters": {}}}]),
        ("tool_choice", "required"),
        ("response_format", {"type": "json_object"}),
        ("logprobs", True),
        ("audio", {"voice": "ash", "format": "wav"}),
        ("modalities", ["text", "audio"]),
        ("temperature", 3),
        ("max_tokens", 0),
        ("seed", -1),
    ],
)
def test_what_would_change_the_answer_and_is_not_done_is_refused_by_name(client, parameter, value):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**asked(**{parameter: value}))
    assert refused.value.param == parameter
    assert parameter in refused.value.message
    assert refused.value.type == "invalid_request_error"


def test_what_asks_for_nothing_is_accepted(client):
    harmless = {
        "n": 1,
        "tools": [],
        "response_format": {"type": "text"},
        "logprobs": False,
        "stop": ["\n\n"],
        "user": "someone",
        "store": False,
        "metadata": {"a": "b"},
        "frequency_penalty": 0.5,
        "temperature": 0,
        "top_p": 1,
        "max_completion_tokens": 100_000,
        "seed": 7,
        "extra_body": {"chat_id": "of a front end"},
    }
    assert "27 days" in client.chat.completions.create(**asked(**harmless)).choices[0].message.content


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "x"}],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": 7}],
        [{"role": "user", "content": "x" * 10_000}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": "tool", "content": "x", "tool_call_id": "1"}],
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_messages_without_a_question_are_a_bad_request(client, messages, stream):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="attune", messages=messages, stream=stream)
    assert refused.value.message


def test_a_body_that_is_no_json_is_refused_in_the_same_shape(client):
    headers = {"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"}
    response = httpx.post(f"{client.base_url}chat/completions", content=b"{", headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_texts_are_embedded_as_questions_are(client):
    texts = ["stolen laptop", "a notebook computer was taken by thieves", "annual leave"]
    packed = client.embeddings.create(model="attune-embedder", input=texts)
    plain = client.embeddings.create(model="attune-embedder", input=texts, encoding_format="float")
    vectors = np.array([one.embedding for one in plain.data])
    assert [one.index for one in plain.data] == [0, 1, 2]
    assert np.allclose([one.embedding for one in packed.data], vectors, atol=1e-6)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert plain.usage.prompt_tokens == plain.usage.total_tokens > 8


def test_base64_is_of_little_endian_floats(client):
    headers = {"Authorization": f"Bearer {client.api_key}"}
    body = {"model": "attune-embedder", "input": "leave", "encoding_format": "base64", "dimensions": 384}
    data = httpx.post(f"{client.base_url}embeddings", json=body, headers=headers).json()["data"]
    assert np.frombuffer(base64.b64decode(data[0]["embedding"]), dtype="<f4").shape == (384,)


def test_a_text_longer_than_the_model_reads_is_cut(client):
    found = client.embeddings.create(model="attune-embedder", input="leave " * 5000)
    assert found.usage.prompt_tokens <= 512


@pytest.mark.parametrize(
    "more",
    [
        {"input": ""},
        {"input": []},
        {"input": ["a", ""]},
        {"input": ["a"] * 257},
        {"input": [1, 2, 3]},
        {"input": [[1, 2], [3]]},
        {"dimensions": 7},
        {"encoding_format": "int8"},
    ],
    ids=lambda more: str(more)[:40],
)
def test_what_cannot_be_embedded_is_a_bad_request(client, more):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(**{"model": "attune-embedder", "input": "a"} | more)
    assert next(iter(more)) in refused.value.message


def test_an_unknown_embedder_is_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="a")


CITED = Cited(None)


@pytest.mark.parametrize(
    ("events", "text", "sent", "begins"),
    [
        ([Token("Yes "), CITED, Token("[1]."), Token(" And.")], "Yes [1]. And.", ["Yes [1].", " And."], 0),
        ([Token("Perhaps."), Restarted("no source")], "No.", ["No."], 0),
        ([Token("Perhaps.")], "No.", ["No."], 0),
        ([], "No.", ["No."], 0),
        ([CITED, Token("Ye"), Restarted("lost"), CITED, Token("No")], "No", ["Ye", f"{ANEW}No"], 2 + len(ANEW)),
        ([CITED, Token("Ye"), Restarted("lost")], "Yes", ["Ye", f"{ANEW}Yes"], 2 + len(ANEW)),
        ([CITED, Token("Ye"), Restarted("lost"), Restarted("too")], "No", ["Ye", f"{ANEW}No"], 2 + len(ANEW)),
    ],
)
def test_words_are_sent_once_they_count(events, text, sent, begins):
    spoken = Spoken()
    pieces = [spoken.hear(event) for event in events] + [spoken.end(text)]
    assert [piece for piece in pieces if piece] == sent
    assert spoken.begins == begins
    assert "".join(sent)[begins:] == text


@pytest.fixture
def worded(worded_server):
    """A client of a server whose answers a language model words."""
    key = worded_server.headers["Authorization"].removeprefix("Bearer ")
    with openai.OpenAI(base_url=str(worded_server.base_url.join("/v1")), api_key=key, max_retries=0) as client:
        yield client


def test_the_tokens_and_the_end_are_those_of_the_language_model(worded):
    completion = worded.chat.completions.create(**asked("What is watered daily?", temperature=0.5))
    assert completion.choices[0].message.content == "Roses are watered daily. [1]"
    assert completion.choices[0].finish_reason == "length"
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (1234, 9)


def test_words_that_cite_nothing_never_reach_the_client(worded):
    *chunks, last = worded.chat.completions.create(**asked("What of roses, uncited?", stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == NO_ANSWER
    assert last.sources["abstained"]


def test_an_answer_that_broke_off_is_followed_by_the_one_in_its_place(worded):
    *chunks, last = worded.chat.completions.create(**asked("Are roses watered daily? Then break off.", stream=True))
    content = "".join(chunk.choices[0].delta.content for chunk in chunks)
    before, _, after = content.partition(ANEW)
    assert before.startswith("Oaks are never watered. [1]")
    assert after == last.sources["answer"]
    assert last.sources["degraded"]
    marks = marked(content, last.choices[0].delta.annotations)
    assert marks
    assert all(a["url_citation"]["start_index"] > len(before) for a in last.choices[0].delta.annotations)
    assert {mark for mark, _ in marks} <= {"[1]", "[2]", "[3]"}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_that_leaves_ends_the_work_soon(worded, words, kind):
    question = asked("Roses, endless?", stream=True)

    def leave():
        stream = worded.chat.completions.create(**question)
        assert any("Roses" in (chunk.choices[0].delta.content or "") for chunk in stream)
        stream.close()

    async def leave_async():
        url, key = str(worded.base_url), worded.api_key
        async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
            stream = await client.chat.completions.create(**question)
            async for chunk in stream:
                if "Roses" in (chunk.choices[0].delta.content or ""):
                    break
            await stream.close()

    words.left_at = None
    leave() if kind == "sync" else asyncio.run(leave_async())
    assert words.seconds_until_left() < 3


def test_a_client_that_leaves_before_a_whole_answer_ends_the_work_too(worded, words):
    words.left_at = None
    with suppress(openai.APITimeoutError):
        worded.with_options(timeout=3).chat.completions.create(**asked("Roses, endless?"))
    assert words.seconds_until_left() < 3
