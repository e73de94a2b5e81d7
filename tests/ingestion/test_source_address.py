"""Addresses of the web that may be fetched, and the many spellings of those that may not.

The long form, with redirects and listeners on loopback, is ``bench/ssrf.py``.
"""

import re
import sys

import pytest

from ingestion.sources.web_address import ForbiddenAddressError, address_rules, is_public
from ingestion.sources.web_client import WebClient

INSIDE = re.findall(
    r"\S+",
    "127.0.0.1 127.1.2.3 0.0.0.0 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.1 192.168.0.1 198.18.0.1 224.0.0.1 "
    "168.63.129.16 [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] "
    "[2001:0:7f00:1::] [fd00:ec2::254] [fe80::1] [ff02::1] [2a00:1450::5efe:7f00:1] 127.1 0x7f.1 0177.0.0.1 2130706433 "
    "127.0.0.01 127.0.0.1. 127。0。0。1 ①②⑦.0.0.1 127.0.0.1%00 [fe80::1%25lo] me@127.0.0.1 localhost example.org:22",
)
ATTEMPTS: list[object] = []


def _heard(event, arguments):
    if event == "socket.connect":
        ATTEMPTS.append(arguments[1])


@pytest.fixture(scope="module")
def client():
    sys.addaudithook(_heard)  # stays for as long as the process does
    client = WebClient(address_rules((), (), look_up=lambda _host, _port: ["127.0.0.1", "::1"]), max_bytes=1000)
    yield client
    client.close()


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_inside_is_connected_to_however_it_is_spelled(client, host):
    ATTEMPTS.clear()
    for scheme in ("http", "https"):
        with pytest.raises(ForbiddenAddressError), client.get(client.rules.read(f"{scheme}://{host}/")):
            pass
    assert ATTEMPTS == []


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "01.2.3.4", "fe80::1%lo", "::ffff:8.8.8.8"])
def test_what_is_no_plain_address_is_not(text):
    assert not is_public(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a?b=1#c", "https://example.org/a?b=1"),
        ("http://example.org./a/../b/./c/..", "http://example.org/b/"),
        ("http://bücher.example/süß b", "http://xn--bcher-kva.example/s%C3%BC%C3%9F%20b"),
        ("http://example.org/%7euser/a%20b", "http://example.org/%7euser/a%20b"),
        (" http://example.org/\n", "http://example.org/"),
        ("http://93.184.215.14/", "http://93.184.215.14/"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://example.org/../../x", "http://example.org/x"),
        ("http://example.org?a", "http://example.org/?a"),
    ],
)
def test_an_address_has_one_spelling(written, read):
    rules = address_rules((), ())
    assert rules.read(written).url == read
    assert rules.read(read).url == read


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("c", "http://example.org/a/c"),
        ("../c d", "http://example.org/c%20d"),
        ("//other.org/x", "http://other.org/x"),
        ("?q=ü", "http://example.org/a/b?q=%C3%BC"),
        ("#top", "http://example.org/a/b"),
        ("https://x.org", "https://x.org/"),
    ],
)
def test_a_link_is_read_from_where_it_stands(link, leads):
    rules = address_rules((), ())
    assert rules.read(link, base=rules.read("http://example.org/a/b")).url == leads
