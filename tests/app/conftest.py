"""A real server over real HTTP, with the example handbook in it."""

from pathlib import Path

import pytest

from app.owner import checked, events, serving
from app.settings import Settings
from retrieval.types import Principal

HANDBOOK = Path(__file__).resolve().parents[2] / "examples" / "handbook"


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("server") / "data")


@pytest.fixture(scope="session")
def server(server_settings):
    with serving(server_settings) as client:
        with client.stream("POST", "/v1/ingestions", json={"paths": [str(HANDBOOK)]}) as response:
            report = list(events(response))[-1][1]
        assert report["failed"] == []
        yield client


@pytest.fixture(scope="session")
def token(server):
    return checked(server.post("/v1/tokens/first"))["token"]


@pytest.fixture
def principal():
    return Principal(id="u:reader")
