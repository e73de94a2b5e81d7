"""What arrives on a connection: one request at a time, read in one way only, or refused."""

import asyncio
import json
import socket
import threading
import time
from contextlib import suppress

import httpx
import pytest
import uvicorn

from app.connections import MAX_HEAD_BYTES, PatientProtocol

TIMEOUT_S = 4.0
HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Echo:
    """Tells what it was asked; notes every path, for what is refused must not get here."""

    def __init__(self):
        self.paths = []

    async def __call__(self, scope, receive, send):
        self.paths.append(scope["path"])
        if scope["path"] == "/slow":
            await asyncio.sleep(1)
        body, message = b"", {"more_body": scope["path"] != "/early"}
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
        told = {name: scope[name] for name in ("method", "path", "http_version")}
        told |= {"query": scope["query_string"].decode(), "body": body.decode()}
        told["headers"] = {name.decode(): value.decode() for name, value in scope["headers"]}
        content = json.dumps(told).encode()
        sized = [] if scope["path"] == "/stream" else [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": sized})
        await send({"type": "http.response.body", "body": content[:9], "more_body": True})
        if scope["path"] == "/late":
            await send({"type": "http.response.body", "body": content[9:], "more_body": True})
            await asyncio.sleep(0.3)
            await send({"type": "http.response.body"})
            return
        await send({"type": "http.response.body", "body": content[9:]})


@pytest.fixture(scope="module")
def served():
    """The address of a server, and the application behind it."""
    app = Echo()
    listener = socket.create_server(("127.0.0.1", 0))
    protocol = type("Protocol", (PatientProtocol,), {"timeout_s": TIMEOUT_S})
    config = uvicorn.Config(app, http=protocol, lifespan="off", log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    address = listener.getsockname()
    while not server.started:
        time.sleep(0.005)
    yield address, app
    server.should_exit = True
    thread.join()


@pytest.fixture
def say(served):
    """Send bytes, and hear everything until the server closes, or has said nothing for a while."""
    address, app = served
    app.paths.clear()

    def said(*pieces, quiet_s=0.6, pause_s=0.05):
        heard = b""
        with socket.create_connection(address) as connection:
            connection.settimeout(quiet_s)
            with suppress(ConnectionError):
                for number, piece in enumerate(pieces):
                    if number:
                        time.sleep(pause_s)
                    connection.sendall(piece)
            try:
                while came := connection.recv(65536):
                    heard += came
            except TimeoutError:
                return heard, False
            except ConnectionError:
                pass
        return heard, True

    said.paths = app.paths
    return said


def body_of(heard):
    return json.loads(heard.partition(b"\r\n\r\n")[2])


def in_bytes(sent):
    return [sent[at : at + 1] for at in range(len(sent))]


REFUSED = {
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length twice": HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": HEAD + b"Content-Length: 1, 1\r\n\r\na",
    "a length with a sign": HEAD + b"Content-Length: +1\r\n\r\na",
    "a length below zero": HEAD + b"Content-Length: -1\r\n\r\na",
    "a hexadecimal length": HEAD + b"Content-Length: 0x1\r\n\r\na",
    "no length": HEAD + b"Content-Length:\r\n\r\na",
    "a length that overflows": HEAD + b"Content-Length: 18446744073709551617\r\n\r\na",
    "another coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding behind chunks": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a coding nobody knows": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "the coding that is none": HEAD + b"Transfer-Encoding: identity\r\n\r\n",
    "codings twice": HEAD + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding behind a control character": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare LF behind the first line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a bare LF behind a header": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "a bare LF behind the head": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "a bare CR": b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "a bare LF behind a chunk's size": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "a bare LF behind a chunk": CHUNKED + b"1\r\na\n0\r\n\r\n",
    "a bare LF in what extends a chunk": CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n",
    "a chunk with a prefix": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk with a space": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "a chunk that overflows": CHUNKED + b"fffffffffffffffff\r\na\r\n0\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "a folded coding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the first header": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: a\r\nabc\r\n\r\n",
    "a name that is no token": b"GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n",
    "a name that is not ASCII": b"GET / HTTP/1.1\r\nHost: a\r\nX\xc3: b\r\n\r\n",
    "a NUL in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "a control character in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two hosts in HTTP/1.0": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "an absolute target": b"GET http://b/echo HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target that is a host": b"GET b:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "the target of all": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\nabc",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path that is not ASCII": b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a query that is not ASCII": b"GET /?\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9 by its name": b"GET / HTTP/0.9\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2 by its name": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method nobody knows": b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\r\n\r\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_read_differently_is_refused_however_it_is_cut(say, what):
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    for pieces in ([REFUSED[what] + smuggled], [REFUSED[what], smuggled]):
        heard, closed = say(*pieces, quiet_s=3)
        # A connection that is reset may lose what was said on it.
        assert heard == b"" or heard.startswith(b"HTTP/1.1 400 Bad Request\r\n"), heard
        assert heard.count(b"\r\n\r\n") <= 1  # one head
        assert closed
    heard, closed = say(*in_bytes(REFUSED[what]), pause_s=0, quiet_s=3)
    assert (heard.count(b"HTTP/1.1 400 Bad Request\r\n") if heard else 1, closed) == (1, True)
    assert "/smuggled" not in say.paths


def test_a_request_is_the_same_however_it_is_cut(say):
    sent = b"\r\nPOST //e%20cho?a?b=%20 HTTP/1.1\r\nhost:  a \t\r\nX-Empty:\r\nContent-Length: 3 \r\n\r\nabc\r\n"
    told = [body_of(say(*pieces, pause_s=0)[0]) for pieces in ([sent], in_bytes(sent))]
    assert told[0] == told[1]
    assert told[0] == {
        "method": "POST",
        "path": "//e cho",
        "http_version": "1.1",
        "query": "a?b=%20",
        "body": "abc",
        "headers": {"host": "a", "x-empty": "", "content-length": "3"},
    }


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


def test_an_offer_of_another_protocol_is_passed_over(say):
    told = body_of(say(HEAD + OFFER + b"Content-Length: 3\r\n\r\nabc")[0])
    assert (told["method"], told["body"], "upgrade" in told["headers"]) == ("POST", "abc", False)
    body = b"\r\nUpgrade: no"
    told = body_of(say(HEAD + OFFER + b"Content-Length: %d\r\n\r\n" % len(body), body)[0])
    assert told["body"] == body.decode()


def test_an_offer_that_comes_in_pieces_is_refused_and_its_body_is_no_request(say):
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    heard, closed = say(
        HEAD + OFFER[:9], OFFER[9:] + b"Content-Length: %d\r\n\r\n" % len(smuggled) + smuggled, quiet_s=3
    )
    assert (heard.startswith(b"HTTP/1.1 400 "), closed, say.paths) == (True, True, [])


def test_chunks_become_one_body_and_their_trailers_are_no_headers(say):
    heard, _ = say(CHUNKED + b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX-Forwarded-For: 192.0.2.1\r\nHost: b\r\n\r\n")
    told = body_of(heard)
    assert (told["body"], told["headers"]) == ("abc", {"host": "a", "transfer-encoding": "chunked"})


def test_a_client_that_has_all_of_a_response_may_go_on_before_the_application_does(served):
    address, _ = served
    with httpx.Client(base_url=f"http://127.0.0.1:{address[1]}", trust_env=False) as client:
        paths = [client.get(path).json()["path"] for path in ("/late", "/late", "/echo", "/late", "/echo")]
    assert paths == ["/late", "/late", "/echo", "/late", "/echo"]


def test_requests_one_after_the_other_share_a_connection(served):
    address, _ = served
    with httpx.Client(base_url=f"http://127.0.0.1:{address[1]}", trust_env=False) as client:
        ports = set()
        for number in range(3):
            response = client.post("/echo", content=b"x" * number)
            assert response.json()["body"] == "x" * number
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr")[1])
    assert len(ports) == 1


def test_a_request_before_the_last_one_is_answered_is_not_served_and_told_so(say):
    first, second = (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % name for name in (b"slow", b"second"))
    for pieces in ([first + second], [first, second], [first, b"no HTTP"], [first + second * 2000]):
        say.paths.clear()
        heard, closed = say(*pieces, quiet_s=10)
        assert heard.startswith(b"HTTP/1.1 200")
        assert b"\r\nconnection: close\r\n" in heard
        assert body_of(heard)["path"] == "/slow"  # and nothing behind it
        assert closed
        assert say.paths == ["/slow"]


def test_a_broken_body_ends_a_response_that_has_begun(say):
    begun = b"POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    heard, closed = say(begun, b"no chunk", quiet_s=3)
    assert heard.count(b"HTTP/1.1 200") == 1
    assert closed


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /?", b"x"),
        (b"GET / HTTP/1.1\r\nX: ", b"x"),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"0\r\nX: ", b"x"),
        (CHUNKED + b"0\r\n", b"X: y\r\n"),
    ],
)
def test_what_is_kept_of_an_unfinished_request_has_a_bound(say, begun, more):
    # What comes together with something complete, 256 KiB at most, is not counted.
    heard, closed = say(
        begun, *[more * (4096 // len(more))] * ((2**18 + MAX_HEAD_BYTES) // 4096 + 2), pause_s=0, quiet_s=3
    )
    assert heard == b"" or heard.startswith(b"HTTP/1.1 400"), heard
    assert closed


def test_a_head_has_a_bound_also_when_it_comes_at_once(say):
    heard, closed = say(b"GET /?" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n", quiet_s=3)
    assert (heard.startswith(b"HTTP/1.1 400"), closed) == (True, True)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/problem+json\r\n" in head
    assert json.loads(body)["detail"] == "The head of the request is too long."
    below = b"GET /?" + b"x" * (MAX_HEAD_BYTES - 100) + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert say(below)[0].startswith(b"HTTP/1.1 200")


def test_a_long_body_is_not_taken_for_a_head(say):
    body = b"x" * (10 * MAX_HEAD_BYTES)
    heard, _ = say(HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert body_of(heard)["body"] == body.decode()


def test_the_rest_of_a_body_that_nobody_needed_may_not_take_for_ever(say):
    began = time.monotonic()
    trickle = [b"x"] * 8
    heard, closed = say(
        b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n", *trickle, pause_s=0.05, quiet_s=12
    )
    assert heard.startswith(b"HTTP/1.1 200")
    assert closed
    assert 0.9 * TIMEOUT_S < time.monotonic() - began < 12


def test_a_client_of_http_1_0_gets_no_chunks(say):
    heard, closed = say(b"GET /stream HTTP/1.0\r\n\r\n", quiet_s=3)
    assert b"transfer-encoding" not in heard.lower()
    assert body_of(heard)["path"] == "/stream"
    assert closed
    heard, _ = say(b"GET /echo HTTP/1.0\r\n\r\n")
    assert b"content-length" in heard.lower()
    assert body_of(heard)["http_version"] == "1.0"
    assert b"transfer-encoding: chunked" in say(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")[0]
