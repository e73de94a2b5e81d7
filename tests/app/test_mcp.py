"""The MCP server, asked by the official client over HTTP."""

import asyncio
import json
import subprocess
import sys

import httpx
import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from app.mcp_server import _security
from app.mcp_tools import MAX_OPENED_CHARS, stretch

QUESTION = "How many days of annual leave does a full-time employee have?"
HANDSHAKE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
}
HEADERS = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def address(server):
    return str(server.base_url.join("/mcp"))


def talk_to(address, token, conversation, mode="auto", timeout_s=120):
    async def run():
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=timeout_s) as http,
            Client(streamable_http_client(address, http_client=http), mode=mode) as client,
        ):
            return await conversation(client)

    return asyncio.run(run())


@pytest.fixture
def talk(address, token):
    """Have a conversation with the server: a function is given a client."""
    return lambda conversation, mode="auto": talk_to(address, token, conversation, mode)


def said(result):
    return "\n".join(block.text for block in result.content)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_are_listed_with_what_they_take_and_give(talk, mode):
    tools = talk(lambda client: client.list_tools(), mode).tools
    assert [tool.name for tool in tools] == ["search", "ask", "open_document"]
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.output_schema["type"] == "object" for tool in tools)
    assert set(tools[0].input_schema["properties"]) == {"question", "limit", "collection", "filters"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_passages_are_found_cited_and_opened(talk, mode):
    async def conversation(client):
        found = await client.call_tool("search", {"question": "annual leave", "limit": 2})
        answer = await client.call_tool("ask", {"question": QUESTION})
        citation = answer.structured_content["citations"][0]
        place = {"document_id": citation["document_id"], "revision": citation["revision_id"]}
        whole = await client.call_tool("open_document", place)
        part = {"start": citation["start"], "end": citation["end"]}
        return found, answer, whole, await client.call_tool("open_document", place | part)

    found, answer, whole, part = talk(conversation, mode)
    assert len(found.structured_content["results"]) == 2
    assert "Annual leave" in said(found)
    assert "27 days" in answer.structured_content["answer"]
    citation = answer.structured_content["citations"][0]
    assert said(answer).startswith(answer.structured_content["answer"])
    assert citation["quote"] in said(answer)
    assert whole.structured_content["text"][citation["start"] : citation["end"]] == citation["quote"]
    opened = part.structured_content
    begins = citation["start"] - opened["start"]
    assert opened["text"][begins : begins + len(citation["quote"])] == citation["quote"]
    assert citation["quote"] in said(part)


def test_what_nothing_answers_comes_with_the_closest_passages(talk):
    answer = talk(lambda client: client.call_tool("ask", {"question": "Who won the football world cup in 1998?"}))
    assert answer.structured_content["abstained"]
    assert "The closest passages:" in said(answer)


def test_a_conversation_goes_on(talk):
    async def conversation(client):
        first = await client.call_tool("ask", {"question": QUESTION, "conversation_id": "new"})
        known = first.structured_content["conversation_id"]
        second = await client.call_tool("ask", {"question": "And in part time?", "conversation_id": known})
        return known, second.structured_content["conversation_id"]

    first, second = talk(conversation)
    assert first == second


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("search", {}, "question: Field required"),
        ("search", {"question": "a", "limit": 1000}, "limit: "),
        ("search", {"question": "a", "unknown": 1}, "unknown: "),
        ("search", {"question": "a", "collection": "missing"}, "missing"),
        ("search", {"question": "a", "filters": {"metadata": {"": "x"}}}, ""),
        ("ask", {"question": " "}, "empty"),
        ("ask", {"question": "a", "conversation_id": "somebody else's"}, "no conversation"),
        ("open_document", {"document_id": "0" * 32}, f"no document {'0' * 32}"),
        ("open_document", {"document_id": "x", "start": 5, "end": 2}, "end lies before start"),
    ],
)
def test_a_call_that_cannot_be_done_says_why(talk, tool, arguments, reason):
    result = talk(lambda client: client.call_tool(tool, arguments))
    assert result.is_error
    assert reason in said(result)


def test_a_revision_of_another_document_is_not_opened(talk):
    async def conversation(client):
        found = await client.call_tool("search", {"question": "annual leave", "limit": 50})
        passages = {p["document_id"]: p["revision_id"] for p in found.structured_content["results"]}
        (one, _), (_, foreign) = list(passages.items())[:2]
        return await client.call_tool("open_document", {"document_id": one, "revision": foreign})

    assert talk(conversation).is_error


def test_an_unknown_tool_is_an_error_of_the_protocol(talk):
    async def conversation(client):
        with pytest.raises(MCPError) as refused:
            await client.call_tool("delete_everything", {})
        return refused.value.code

    assert talk(conversation) == types.INVALID_PARAMS


def test_eight_calls_at_once_each_get_their_own_answer(talk):
    titles = ["annual leave", "hotel rate", "parental leave", "stolen laptop"] * 2

    async def conversation(client):
        calls = (client.call_tool("search", {"question": title, "limit": 1}) for title in titles)
        return await asyncio.gather(*calls)

    together = [result.structured_content["results"][0]["title"] for result in talk(conversation)]
    assert together[:4] == together[4:]
    assert together[0] == "Annual leave"
    assert len(set(together)) >= 3


def test_a_call_that_is_given_up_ends_the_work_soon(worded_server, words):
    address, token = str(worded_server.base_url.join("/mcp")), worded_server.headers["Authorization"][7:]

    async def conversation(client):
        words.left_at, words.heard = None, ""
        call = asyncio.ensure_future(client.call_tool("ask", {"question": "Roses, endless?"}))
        while "endless" not in words.heard:
            await asyncio.sleep(0.05)
        assert not call.done()
        call.cancel()
        return await asyncio.to_thread(words.seconds_until_left)

    assert talk_to(address, token, conversation) < 3


def test_a_client_of_an_older_protocol_that_leaves_ends_the_work_soon(worded_server, words):
    words.left_at = None
    call = {"name": "ask", "arguments": {"question": "Roses, endless?"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = HEADERS | {"MCP-Protocol-Version": "2025-06-18"}
    with pytest.raises(httpx.ReadTimeout):
        worded_server.post("/mcp", json=message, headers=headers, timeout=3)
    assert words.seconds_until_left() < 3


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nobody_is_served_without_a_token(address, headers, method):
    response = httpx.request(method, address, json=HANDSHAKE, headers=HEADERS | headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_client_with_a_wrong_token_gets_nowhere(address):
    async def begin():
        async with (
            httpx2.AsyncClient(headers={"Authorization": "Bearer wrong"}) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            await client.list_tools()

    with pytest.raises((MCPError, ExceptionGroup)):
        asyncio.run(begin())


def test_a_foreign_name_or_origin_is_refused(address, token):
    authorized = HEADERS | {"Authorization": f"Bearer {token}"}
    for foreign, status in ({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403):
        assert httpx.post(address, json=HANDSHAKE, headers=authorized | foreign).status_code == status
    assert httpx.post(address, json=HANDSHAKE, headers=authorized).status_code == 200
    assert httpx.get(address, headers=authorized).status_code == 405


def test_a_body_that_is_no_json_or_too_large_is_refused(address, token):
    authorized = HEADERS | {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert httpx.post(address, content=b"{", headers=authorized).status_code == 400
    large = json.dumps(HANDSHAKE | {"params": {"x": "y" * 5 * 2**20}})
    assert httpx.post(address, content=large, headers=authorized).status_code == 413


@pytest.mark.parametrize(
    ("host", "named", "protected", "taken"),
    [
        ("127.0.0.1", (), True, False),
        ("::1", ("kb.example",), True, True),
        ("192.0.2.1", (), False, False),
        ("192.0.2.1", ("kb.example",), True, True),
    ],
)
def test_names_are_checked_where_they_are_known(host, named, protected, taken):
    security = _security(host, named)
    assert security.enable_dns_rebinding_protection is protected
    assert ("kb.example" in security.allowed_hosts) is taken
    assert ("https://kb.example" in security.allowed_origins) is taken


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (None, None, (0, 20_000)),
        (30_000, None, (30_000, 50_000)),
        (90_000, None, (90_000, 100_000)),
        (200_000, None, (100_000, 100_000)),
        (1_000, 1_100, (500, 1_600)),
        (100, 200, (0, 700)),
        (None, 200, (0, 700)),
        (0, 100_000, (0, 20_000)),
        (99_990, 100_000, (99_490, 100_000)),
        (200_000, 300_000, (100_000, 100_000)),
    ],
)
def test_what_is_opened_is_bounded(start, end, shown):
    assert stretch(start, end, length=100_000) == shown
    assert shown[1] - shown[0] <= MAX_OPENED_CHARS


def test_importing_the_application_loads_no_sdk():
    code = "import sys, app.main, app.cli; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
