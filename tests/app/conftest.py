"""A real server over real HTTP, with the example handbook in it."""

from pathlib import Path

import pytest

from app.owner import checked, events, serving
from app.settings import Settings
from retrieval.types import Principal

HANDBOOK = Path(__file__).resolve().parents[2] / "examples" / "handbook"


def ingested(client, *paths, **more):
    """Take paths in and wait for the end; gives the run."""
    run = checked(client.post("/v1/ingestions", json={"paths": [str(path) for path in paths]} | more))
    with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        return list(events(response))[-1][1]


@pytest.fixture(scope="session")
def ingest():
    """``ingested``, for tests that start a server of their own."""
    return ingested


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("server") / "data")


@pytest.fixture(scope="session")
def server(server_settings):
    with serving(server_settings) as client:
        run = ingested(client, HANDBOOK)
        assert (run["state"], run["failures"]) == ("done", [])
        yield client


@pytest.fixture(scope="session")
def token(server):
    return checked(server.post("/v1/tokens/first"))["token"]


@pytest.fixture
def principal():
    return Principal(id="u:reader")
