"""Real parts for the tests: SQLite files, a PostgreSQL cluster and a language model server for the whole session."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, Self
from uuid import uuid4

import httpx
import pytest
from hypothesis import settings
from sqlalchemy import Engine, delete, text

from app.migrations import upgrade
from retrieval.tables import metadata, open_engine

# The same commit gives the same result, on a loaded machine too; --hypothesis-profile=default looks for new examples.
settings.register_profile("attune", deadline=None, derandomize=True)
settings.load_profile("attune")

DEBIAN_BINARIES = "/usr/lib/postgresql/15/bin"
NO_POSTGRESQL = "PostgreSQL is not installed (no {name} on PATH): install the package `postgresql` and run again"


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=DEBIAN_BINARIES)
    if found is None:
        pytest.fail(NO_POSTGRESQL.format(name=name), pytrace=False)
    return str(Path(found).resolve())


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then as another user."""
    if os.getuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


# Waits for the end of its input, which comes too when the tests are killed: no server outlives them.
SERVE_UNTIL_END_OF_INPUT = """
"$0" -D data -l log -w -t 60 -o "$1" start >>output 2>&1 || exit 1
echo ready
read -r _
"$0" -D data -m immediate -w stop >>output 2>&1
rm -rf data
"""


class PostgresCluster:
    """A cluster of its own, reached through a socket in its own folder; no port, nothing kept, nothing shared."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._runs_as = _unprivileged()
        if self._runs_as:
            os.chown(home, self._runs_as["user"], self._runs_as["group"])

    def __enter__(self) -> Self:
        self._initialise()
        options = f"-c listen_addresses='' -k {self.home} -c fsync=off -c full_page_writes=off -c max_connections=60"
        self._shell = subprocess.Popen(
            ("sh", "-c", SERVE_UNTIL_END_OF_INPUT, _binary("pg_ctl"), options),
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A Ctrl-C is for the tests; the shell must live on to stop the server.
            start_new_session=True,
            **self._runs_as,
        )
        if self._shell.stdout.readline() != "ready\n":
            self._shell.communicate(timeout=60)
            self._fail("PostgreSQL did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate(timeout=60)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://attune@/{database}?host={self.home}"

    def create(self, database: str, template: str) -> str:
        engine = open_engine(self.url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {template}"))
        engine.dispose()
        return self.url(database)

    def _initialise(self) -> None:
        options = ("--auth=trust", "--username=attune", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        with (self.home / "output").open("w") as output:
            done = subprocess.run(
                (_binary("initdb"), "-D", "data", *options),
                cwd=self.home,
                stdout=output,
                stderr=output,
                check=False,
                **self._runs_as,
            )
        if self._runs_as:
            os.chown(self.home / "output", self._runs_as["user"], self._runs_as["group"])
        if done.returncode != 0:
            self._fail("initdb failed")

    def _fail(self, what: str) -> NoReturn:
        said = [path.read_text() for path in (self.home / "output", self.home / "log") if path.exists()]
        pytest.fail("\n".join([what, *said]), pytrace=False)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A running PostgreSQL whose database ``migrated`` is at the newest schema."""
    # Not under pytest's own folder: that is closed to the user the cluster runs as, and too long for a socket.
    with tempfile.TemporaryDirectory(prefix="attune-pg-") as folder, PostgresCluster(Path(folder)) as cluster:
        upgrade(cluster.create("migrated", template="template0"))
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "catalog.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """An empty catalog of this test's own."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'catalog.sqlite3')}"


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster, open_database: Callable[[str], Engine]) -> str:
    """An empty catalog that no other test uses meanwhile."""
    # Emptied row by row: a new database, or TRUNCATE, makes files, and to remove 40,000 of them takes a minute.
    url = postgres_cluster.url("migrated")
    with open_database(url).begin() as connection:
        connection.execute(text("SET lock_timeout = '10s'"))
        # What the audit log holds is kept even from its database's owner, unless triggers are off.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest) -> str:
    """An empty catalog, once on each database that must behave alike."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.create(f"empty_{uuid4().hex}", template="template0")


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Engine]]:
    """``open_engine``, closing what it opened when the test ends."""
    opened: list[Engine] = []

    def open_database(url: str) -> Engine:
        opened.append(open_engine(url))
        return opened[-1]

    yield open_database
    for engine in opened:
        engine.dispose()


@pytest.fixture
def engine(catalog_url: str, open_database: Callable[[str], Engine]) -> Engine:
    """An engine over an empty catalog, once on each database."""
    return open_database(catalog_url)


TRANSFORMERS = str(Path(sys.executable).parent / "transformers")


def _save_tiny_model(folder: Path, pieces: tuple[str, ...]) -> Path:
    """Write a chat model of a few kilobytes that always gives the same reply, piece by piece."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<unk>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["Roses are watered daily. Oaks are not. Bread is baked. [1] [2]"] * 10, trainer)
    tokenizer.add_tokens(list(pieces))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    tokens = [tokenizer.token_to_id(piece) for piece in pieces]
    with torch.no_grad():
        # The layers add nothing, so each word depends on the one before alone: after any word the first piece, after
        # each piece the next, after the last the end. Dimension 0 says "any word", dimension n "the n-th piece".
        for weights in model.parameters():
            weights.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight[:, 0] = 1.0
        model.lm_head.weight[tokens[0], 0] = 10.0
        for n, (token, following) in enumerate(zip(tokens, [*tokens[1:], 2], strict=True), start=1):
            model.model.embed_tokens.weight[token, 0] = 0.0
            model.model.embed_tokens.weight[token, n] = 1.0
            model.lm_head.weight[following, n] = 10.0
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def parrot(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a chat model that gives one reply to everything, in up to 31 pieces that differ."""
    return lambda *pieces: _save_tiny_model(tmp_path_factory.mktemp("parrot"), pieces)


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real OpenAI-compatible server; the name of a model is its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("log") / "server.log").open("w+")
    process = subprocess.Popen(
        # Offline: a model that is not there is a mistake, not something to look for elsewhere.
        ("env", "HF_HUB_OFFLINE=1", TRANSFORMERS, "serve", "--host", "127.0.0.1", "--port", str(port)),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/v1/models", timeout=1)
            break
        except httpx.HTTPError:
            time.sleep(0.5)
    log.seek(0)
    assert process.poll() is None, log.read()[-2000:]
    yield f"{url}/v1"
    process.kill()
    process.wait()
    log.close()
