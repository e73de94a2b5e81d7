"""Object stores, on a real server that speaks S3."""

import json
import logging

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingestion.sources.source import SourceLimits, open_source
from retrieval.errors import InvalidInputError, ResourceLimitError, SourceError, UnreadableError

KEY, SECRET = "AKIAEXAMPLE", "very-secret-word"


@pytest.fixture(scope="module")
def endpoint():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint):
    store = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    store.create_bucket(Bucket="handbook")
    for key in ("2026/a.md", "2026/sub/ü b.pdf", "2026x/no.md", "top.md", "2026/folder/"):
        store.put_object(Bucket="handbook", Key=key, Body=f"about {key}".encode())
    yield store
    for key in store.list_objects_v2(Bucket="handbook").get("Contents", []):
        store.delete_object(Bucket="handbook", Key=key["Key"])
    store.delete_bucket(Bucket="handbook")


@pytest.fixture
def secrets(tmp_path, endpoint):
    path = tmp_path / "secrets.json"
    options = {"key": KEY, "secret": SECRET, "endpoint_url": endpoint}
    nowhere = options | {"endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"retries": {"max_attempts": 0}}}
    path.write_text(json.dumps({"archive": options, "nowhere": nowhere, "wrong": {"no_such_option": 1}}))
    path.chmod(0o600)
    return path


@pytest.fixture
def opened(secrets):
    sources = []

    def make(url="s3://handbook/2026/", *, max_bytes=10_000, **arguments):
        limits = SourceLimits(secrets=secrets, document_max_bytes=max_bytes)
        sources.append(open_source("object_store", {"url": url, "secret": "archive"} | arguments, limits=limits))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


@pytest.mark.usefixtures("bucket")
def test_objects_under_a_beginning_are_listed_and_fetched(opened):
    source = opened()
    found = list(source.entries())
    assert [entry.uri for entry in found] == ["s3://handbook/2026/a.md", "s3://handbook/2026/sub/ü b.pdf"]
    assert [entry.name for entry in found] == ["a.md", "ü b.pdf"]
    for entry in found:
        with source.fetch(entry) as stream:
            content = stream.read()
        assert content.decode() == f"about {entry.uri.removeprefix('s3://handbook/')}"
        assert entry.size_bytes == len(content)


@pytest.mark.usefixtures("bucket")
def test_a_whole_bucket_is_listed_and_patterns_choose(opened):
    assert [entry.name for entry in opened("s3://handbook").entries()] == ["a.md", "ü b.pdf", "no.md", "top.md"]
    found = opened("s3://handbook", include=["*.md"], exclude=["2026/*"]).entries()
    assert [entry.name for entry in found] == ["no.md", "top.md"]


def test_a_version_changes_with_the_object_and_a_later_listing_sees_it(opened, bucket):
    source = opened()
    before = {entry.name: entry.version for entry in source.entries()}
    bucket.put_object(Bucket="handbook", Key="2026/a.md", Body=b"other words!")
    bucket.put_object(Bucket="handbook", Key="2026/new.md", Body=b"new")
    after = {entry.name: entry.version for entry in source.entries()}
    assert set(after) - set(before) == {"new.md"}
    assert [name for name in before if before[name] != after[name]] == ["a.md"]


def test_an_object_that_is_gone_or_too_large_is_that_documents_problem(opened, bucket):
    source = opened(max_bytes=20)
    first, second = source.entries()
    with pytest.raises(ResourceLimitError), source.fetch(second):
        pass
    bucket.delete_object(Bucket="handbook", Key="2026/a.md")
    with pytest.raises(UnreadableError, match="not there"), source.fetch(first):
        pass


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_an_error_and_not_an_empty_one(opened):
    with pytest.raises(SourceError, match="elsewhere"):
        list(opened("s3://elsewhere/").entries())
    assert list(opened("s3://handbook/nothing/").entries()) == []


def test_a_store_that_does_not_answer_is_an_error_without_its_secrets(opened):
    with pytest.raises(SourceError, match="cannot be used") as caught:
        list(opened(secret="nowhere").entries())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("memory://x/", "archive", "no object store"),
        ("file:///etc/", "archive", "url"),
        ("http://10.0.0.1/x", "archive", "no object store"),
        ("s3://", "archive", "url"),
        ("handbook", "archive", "url"),
        ("s3://handbook/", "missing", "'missing'"),
    ],
)
def test_what_is_no_store_or_has_no_credentials_is_refused(opened, url, secret, said):
    with pytest.raises(InvalidInputError, match=said):
        list(opened(url, secret=secret).entries())


def test_an_option_that_the_store_does_not_know_is_named(opened):
    with pytest.raises(SourceError, match="no_such_option"):
        list(opened(secret="wrong").entries())


def test_credentials_that_others_can_read_are_refused(opened, secrets):
    secrets.chmod(0o644)
    with pytest.raises(InvalidInputError, match="chmod 600"):
        opened()
    secrets.chmod(0o600)
    secrets.write_text("no json")
    with pytest.raises(InvalidInputError, match="JSON"):
        opened()
    secrets.unlink()
    with pytest.raises(InvalidInputError, match="cannot be read"):
        opened()
    with pytest.raises(InvalidInputError, match="ATTUNE_SOURCE_SECRETS"):
        open_source("object_store", {"url": "s3://a/", "secret": "x"}, limits=SourceLimits())
