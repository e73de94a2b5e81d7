"""Nothing here wants the network: the long form is bench/no_network.py, with the whole suite."""

import subprocess
import sys

import pytest

from bench.no_network import HOOKS, counted, noted
from bench.running import Server

PAGE = """<html><head><base href="https://elsewhere.example/"><link rel="stylesheet" href="style.css"></head>
<body><h1>Garden</h1><p>Roses are watered daily.</p><img src="https://elsewhere.example/pixel.png">
<iframe src="http://192.0.2.1/"></iframe></body></html>"""
FEED = """<!DOCTYPE rss SYSTEM "https://elsewhere.example/rss.dtd">
<rss><channel><title>Garden</title><item><title>Oaks</title><description>Oaks are never watered.</description></item>
</channel></rss>"""


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """The file of attempts, after a server has done everything that people ask of it."""
    folder = tmp_path_factory.mktemp("no-network")
    documents, file = folder / "documents", folder / "attempts"
    documents.mkdir()
    (documents / "garden.html").write_text(PAGE)
    (documents / "garden.xml").write_text(FEED)
    (documents / "garden.md").write_text("# Garden\n\n![](https://elsewhere.example/a.png) Ask ann@elsewhere.example.")
    with Server(folder / "data", ATTUNE_ATTEMPTS=str(file), PYTHONPATH=str(HOOKS)) as server:
        assert server.ingest(documents)["progress"]["failed"] == 0
        for path, body in (
            ("/v1/answers", {"question": "How often are roses watered?"}),
            ("/v1/search", {"question": "roses"}),
            ("/v1/doctor", {}),
        ):
            server.client.post(path, json=body).raise_for_status()
        for path in ("/", "/icon.svg", "/openapi.json", "/v1/oidc", "/v1/collections/default/quality"):
            server.client.get(path).raise_for_status()
    return file


def test_a_server_that_takes_in_answers_and_serves_its_page_tries_to_reach_nobody(attempts):
    watched, tried = noted(attempts)
    assert tried == []
    assert any("serve" in told for told in watched)
    assert any("worker" in told for told in watched), watched


def test_an_attempt_would_be_noted(tmp_path):
    # Told to Python's auditing and not made: this suite has to make none.
    told = ("('192.0.2.1', 80)", "('10.0.0.5', 53)", "('::ffff:8.8.8.8', 80)", "'/run/socket'", "('127.0.0.1', 80)")
    lines = [f"sys.audit('socket.connect', None, {address})" for address in told]
    lines += ["sys.audit('socket.getaddrinfo', 'elsewhere.example', 80, 0, 0, 0)"]
    code = "import sys; " + "; ".join(lines)
    environment = {
        "PYTHONPATH": str(HOOKS),
        "ATTUNE_ATTEMPTS": str(tmp_path / "attempts"),
        "PYTEST_CURRENT_TEST": "tests/x",
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    _, tried = noted(tmp_path / "attempts")
    assert [line.rpartition(" tests/")[0] for line in tried] == [
        "socket.connect ('192.0.2.1', 80)",
        "socket.connect ('10.0.0.5', 53)",
        "socket.connect ('::ffff:8.8.8.8', 80)",
        "socket.getaddrinfo 'elsewhere.example'",
    ]


def test_what_the_kernel_could_not_send_is_counted():
    counters = "Ip: Forwarding OutNoRoutes ReasmTimeout\nIp: 2 4 9\nIcmp: InMsgs\nIcmp: 7\nIp6OutNoRoutes\t3\n"
    assert counted(counters) == 7
