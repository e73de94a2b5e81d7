"""No secret comes out: a short form of bench/planted_secrets.py, which calls every operation and starts wrongly too."""

import base64

import pytest
from pydantic import ValidationError

from app.settings import Settings
from bench.planted_secrets import HASH, HASHED, Searched, serve_and_search

SECRET = "Planted0123456789abcdef"


def test_what_upstreams_say_back_and_a_broken_database_show_no_secret(tmp_path):
    searched = Searched({HASHED: HASH})
    told = serve_and_search("json", searched, tmp_path / "server", everything=False)
    assert searched.leaks() == []
    # Else it was not searched where secrets could have been.
    assert told["refused upstream"] > 5
    assert told["5xx with a broken database"] > 10
    assert told["traces"] > 0
    assert {"log", "trace", "file catalog.sqlite3"} <= {where for where, _ in searched.out}
    assert any("unexpected" in words for where, words in searched.out if where == "log")


@pytest.mark.parametrize(
    "came_out", [SECRET, f"Bearer {SECRET}!", base64.b64encode(f"attune:{SECRET}".encode()).decode()]
)
def test_a_secret_that_came_out_would_be_found(came_out):
    searched = Searched({"key": SECRET}, [("log", f"first line\n{came_out}\n"), ("trace", "nothing")])
    assert searched.leaks() == ["key in log"]


@pytest.mark.parametrize("name", ["llm_url", "judge_url", "qdrant_url", "otlp_endpoint", "rerank", "embedding_model"])
def test_an_address_with_a_password_is_refused_without_repeating_it(name):
    with pytest.raises(ValidationError) as raised:
        Settings(**{name: f"http://user:{SECRET}@models.example/v1#m"})
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("sign", ["@", "/", "@/", ":@x"])
def test_a_database_password_with_signs_that_would_end_it_is_refused_without_repeating_it(sign):
    with pytest.raises(ValidationError) as raised:
        Settings(database_url=f"postgresql://attune:{SECRET}{sign}{SECRET}@db.example/attune")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://attune@/attune?host=/run/postgresql",
        f"postgresql://attune:{SECRET}%40%2F@db.example:5432/attune",
        f"postgresql+psycopg://attune:{SECRET}@[::1]/attune",
    ],
)
def test_a_database_is_named_with_its_password_and_the_settings_do_not_show_it(url):
    settings = Settings(database_url=url)
    assert settings.catalog_url.partition("://")[2] == url.partition("://")[2]
    assert SECRET not in repr(settings)
