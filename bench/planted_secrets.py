"""Whether a secret comes out anywhere: each is planted with a mark of its own, and what comes out is searched.

Run from the repository root: ``python -m bench.planted_secrets``. A real server is given keys, passwords and addresses
that are secrets, with models, provider, collector and store that say back in their errors whatever they were sent
(``upstreams.py``). Every operation of its API is called without a credential, with a wrong one, with a key and in a
session, with wrong bodies; its database is broken under it at last. Once with a log for people and once for machines,
both at DEBUG. Then it is started with settings that make it fail. Searched are responses with their headers, logs, what
was printed, traces, metrics, the audit log and all files of the data directory but ``server.json``, which holds the
loopback token. A minute, no network.
"""

import base64
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.lines import print_figure
from bench.running import ATTUNE
from bench.upstreams import Parrot

FORMATS = ("console", "json")
HASHED, HASH = "a password's hash", "$argon2"
_EMPTY = re.compile(rb"\0{64,}")
WITH_PASSWORD = (
    "ATTUNE_LLM_URL",
    "ATTUNE_JUDGE_URL",
    "ATTUNE_OTLP_ENDPOINT",
    "ATTUNE_QDRANT_URL",
    "ATTUNE_OIDC_ISSUER",
)
BODIES: tuple[Any, ...] = (None, {}, [], {"name": 5, "token": "t", "password": ["p"], "key": None})


@dataclass(slots=True)
class Searched:
    """Secrets by name, and what came out by where it did."""

    secrets: dict[str, str] = field(default_factory=dict)
    out: list[tuple[str, str]] = field(default_factory=list)

    def plant(self, name: str) -> str:
        """Return a new secret, which letters and digits alone make: no encoding changes it."""
        return self.secrets.setdefault(name, f"Planted{secrets.token_hex(12)}")

    def response(self, answer: httpx.Response) -> httpx.Response:
        words = f"{answer.status_code} {dict(answer.headers)} {answer.text}"
        self.out.append((f"response of {answer.request.method} {answer.request.url.path}", words))
        return answer

    def leaks(self) -> list[str]:
        """Return which secret came out where, in itself or in base64."""
        found = set()
        for name, secret in self.secrets.items():
            forms = {secret, *(base64.b64encode(b"x" * shift + secret.encode()).decode()[4:-4] for shift in range(3))}
            found |= {f"{name} in {where}" for where, words in self.out if any(form in words for form in forms)}
            if name == HASHED:
                found -= {f"{name} in file catalog.sqlite3", f"{name} in file catalog.sqlite3-wal"}
        return sorted(found)


class Planted:
    """A server with secrets in its settings."""

    def __init__(self, folder: Path, upstream: Parrot, searched: Searched, log_format: str) -> None:
        self.data_dir = folder / "data"
        self.searched = searched
        store = folder / "secrets.json"
        archive = {"key": searched.plant("store id"), "secret": searched.plant("store key")}
        store.write_text(json.dumps({"archive": archive | {"endpoint_url": f"{upstream.url}/store"}}))
        store.chmod(0o600)
        self.log = folder / "log"
        self.environment = _environment(self.data_dir) | {
            "ATTUNE_LOG_FORMAT": log_format,
            "ATTUNE_LOG_LEVEL": "DEBUG",
            "ATTUNE_LOG_QUESTIONS": "true",
            "ATTUNE_LLM_URL": f"{upstream.url}/llm/v1",
            "ATTUNE_LLM_API_KEY": searched.plant("llm key"),
            "ATTUNE_JUDGE_URL": f"{upstream.url}/judge/v1",
            "ATTUNE_JUDGE_API_KEY": searched.plant("judge key"),
            "ATTUNE_RERANK": f"{upstream.url}/rerank#model",
            "ATTUNE_RERANK_API_KEY": searched.plant("rerank key"),
            "ATTUNE_EMBEDDING_API_KEY": searched.plant("embedding key"),
            "ATTUNE_QDRANT_API_KEY": searched.plant("qdrant key"),
            "ATTUNE_ALERT_WEBHOOK_URL": f"{upstream.url}/{searched.plant('hook')}",
            "ATTUNE_ALERT_WEBHOOK_SECRET": searched.plant("hook key"),
            "ATTUNE_OTLP_ENDPOINT": upstream.url,
            "ATTUNE_OIDC_ISSUER": upstream.url,
            "ATTUNE_OIDC_CLIENT_ID": "attune",
            "ATTUNE_OIDC_CLIENT_SECRET": searched.plant("client secret"),
            "ATTUNE_PUBLIC_URL": "http://127.0.0.1",
            "ATTUNE_SOURCE_SECRETS": str(store),
            "ATTUNE_ABSTAIN_BELOW": "0",
        }

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """Serve; gives a client that says nothing of who it is."""
        with (
            self.log.open("w") as log,
            subprocess.Popen(
                [ATTUNE, "serve"], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            ) as process,
        ):
            try:
                said = ""
                while "stop with" not in said:
                    line = process.stdout.readline()
                    if not line:
                        sys.exit(f"the server did not start: {self.log.read_text()}")
                    said += line
                url = re.search(r"http://\S+(?=/#setup=)", said).group()
                self.set_up_token = re.search(r"#setup=(\S+)", said).group(1)
                self.searched.secrets["set-up token"] = self.set_up_token
                with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
                    yield client
            finally:
                process.terminate()
                self.searched.out.append(("what was printed", process.stdout.read()))
        self.searched.out.append(("log", self.log.read_text()))

    def files(self) -> None:
        """Take what is kept."""
        for path in self.data_dir.rglob("*"):
            if path.is_file() and path.name != "server.json":
                content = _EMPTY.sub(b"", path.read_bytes())  # most of an index is not written yet
                self.searched.out.append((
                    f"file {path.relative_to(self.data_dir)}",
                    content.decode("latin-1"),
                ))


def _environment(data_dir: Path) -> dict[str, str]:
    limits = ("USER_REQUESTS", "CREDENTIAL_REQUESTS", "ADDRESS_REQUESTS")
    unlimited = {f"ATTUNE_{name}_PER_MINUTE": "0" for name in limits}
    return {**os.environ, "ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_PORT": "0", **unlimited}


def people(server: Planted, client: httpx.Client) -> dict[str, dict[str, str]]:
    """Set the server up; gives the headers of a session and of a key."""
    searched = server.searched
    who = {"name": "ada", "password": searched.plant("password")}
    # What these say is a secret that is handed over: searched is what comes after.
    made = client.post("/v1/setup", json={"token": server.set_up_token, **who}).raise_for_status()
    again = client.post("/v1/session", json=who).raise_for_status()
    for number, answer in enumerate((made, again)):
        searched.secrets[f"session {number}"] = answer.cookies["attune_session"]
        searched.secrets[f"CSRF token {number}"] = answer.json()["csrf_token"]
    session = {
        "Cookie": f"attune_session={searched.secrets['session 1']}",
        "X-CSRF-Token": searched.secrets["CSRF token 1"],
    }
    client.cookies.clear()
    scopes = ["ask", "curate", "administer"]
    key = client.post("/v1/keys", json={"name": "all", "scopes": scopes}, headers=session).raise_for_status().json()
    searched.secrets["key"] = key["key"]
    return {
        "nobody": {},
        "wrong": {"Authorization": f"Bearer attune_{searched.plant('wrong key')}"},
        "key": {"Authorization": f"Bearer {key['key']}"},
        "session": session,
    }


def every_operation(client: httpx.Client, searched: Searched, callers: Mapping[str, dict[str, str]]) -> int:
    """Call each operation as everybody with every body; gives how many calls that were."""
    calls = 0
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            for who, headers in callers.items():
                if (method, path) in {("get", "/v1/session"), ("delete", "/v1/session")} and who == "session":
                    continue  # tells its own CSRF token; ends it
                for body in BODIES if method in {"post", "put", "patch"} else BODIES[:1]:
                    told = {} if body is None else {"json": body}
                    with client.stream(method, re.sub(r"\{[^}]*\}", "5", path), headers=headers, **told) as answer:
                        answer.read()
                    searched.response(answer)
                    calls += 1
    return calls


def what_fails(client: httpx.Client, searched: Searched, callers: Mapping[str, dict[str, str]]) -> None:
    """Ask what models, provider and store refuse, and what is wrong about passwords."""
    key, session = callers["key"], callers["session"]
    files = [("files", ("garden.md", b"# Garden\n\nRoses are watered daily.", "text/markdown"))]
    searched.response(client.post("/v1/documents", files=files, headers=key))
    for path in ("/v1/answers", "/v1/search", "/v1/answers"):
        searched.response(client.post(path, json={"question": "When are roses watered?", "explain": True}, headers=key))
    streamed = key | {"Accept": "text/event-stream"}
    answer = searched.response(client.post("/v1/answers", json={"question": "Are roses watered?"}, headers=streamed))
    ids = re.findall(r'"interaction_id": ?"(\w+)"', answer.text)
    if ids:
        searched.response(client.post(f"/v1/answers/{ids[0]}/feedback", json={"verdict": "up"}, headers=key))
        searched.response(client.post(f"/v1/answers/{ids[0]}/replay", headers=key))
    chat = {"model": "attune", "messages": [{"role": "user", "content": "When are roses watered?"}]}
    searched.response(client.post("/v1/chat/completions", json=chat, headers=key))
    searched.response(client.post("/v1/evaluations/agreement", json={"limit": 1}, headers=key))
    source = {"kind": "object_store", "name": "s", "arguments": {"url": "s3://bucket/a", "secret": "archive"}}
    made = searched.response(client.post("/v1/sources", json=source, headers=key))
    if made.is_success:
        searched.response(client.post(f"/v1/sources/{made.json()['id']}/sync", headers=key))
        time.sleep(5)  # a run that fails goes on for a moment
        for path in (f"/v1/sources/{made.json()['id']}", "/v1/ingestions"):
            searched.response(client.get(path, headers=key))
    signed = client.get("/v1/oidc/login")
    back = {"Cookie": f"attune_oidc={signed.cookies.get('attune_oidc', '')}"}
    state = re.search(r"state=(\w+)", signed.headers.get("location", "state=x")).group(1)
    client.cookies.clear()
    returned = {"state": state, "code": searched.plant("code")}
    searched.response(client.get("/v1/oidc/callback", params=returned, headers=back))
    wrong = {"name": searched.plant("password in the name's place"), "password": searched.plant("wrong password")}
    searched.response(client.post("/v1/session", json=wrong))
    searched.response(client.post("/v1/session", json=wrong | {"more": wrong}))
    changed = {"current": searched.plant("wrong current password"), "new": "short"}
    searched.response(client.put("/v1/session/password", json=changed, headers=session))
    searched.response(
        client.post("/v1/users", json={"name": "bob", "password": searched.plant("new password")}, headers=key)
    )
    for path in ("/metrics", "/v1/audit?limit=1000", "/v1/audit/export", "/v1/health/ready", "/v1/monitoring"):
        searched.response(client.get(path, headers=key))


def what_breaks(client: httpx.Client, server: Planted, callers: Mapping[str, dict[str, str]]) -> int:
    """Break the database under the server; gives how many answers were 5xx."""
    searched, broken = server.searched, 0
    who = {"name": "ada", "password": searched.secrets["password"]}
    for table in ("api_keys", "sessions", "oidc_logins", "approvals", "users"):
        with closing(sqlite3.connect(server.data_dir / "catalog.sqlite3", timeout=30)) as database:
            database.execute(f"ALTER TABLE {table} RENAME TO broken_{table}")
        asked = [client.post("/v1/session", json=who), client.get("/v1/oidc/login")]
        for headers in callers.values():
            asked.append(client.post("/v1/users", json=who, headers=headers))
            asked.append(client.post("/v1/keys", json={"name": "k", "scopes": ["ask"]}, headers=headers))
            asked.append(client.get("/v1/approvals", headers=headers))
        client.cookies.clear()
        broken += sum(searched.response(answer).status_code >= 500 for answer in asked)
    return broken


def failed_starts(upstream: Parrot, searched: Searched, folder: Path) -> int:
    """Start with settings that cannot work; gives how many starts failed, as all must."""
    address = upstream.url.removeprefix("http://")
    password = searched.plant("password in a URL")
    registered = {"ATTUNE_OIDC_CLIENT_ID": "attune", "ATTUNE_PUBLIC_URL": "https://attune.example"}
    wrong = [registered | {name: f"http://user:{password}@{address}/v1"} for name in WITH_PASSWORD]
    wrong += [
        {name: f"http://user:{password}@{address}/v1#model"} for name in ("ATTUNE_RERANK", "ATTUNE_EMBEDDING_MODEL")
    ]
    database = f"postgresql://attune:{password}@127.0.0.1"
    wrong += [{"ATTUNE_DATABASE_URL": f"{database}:{rest}"} for rest in ("1/attune", "port/attune", "1/attune?x=y")]
    wrong += [
        {"ATTUNE_DATABASE_URL": f"attune:{password}@127.0.0.1"},
        {"ATTUNE_DATABASE_URL": f"nonsense://attune:{password}@127.0.0.1/attune"},
        {"ATTUNE_DATABASE_URL": f"postgresql://attune:{password[:9]}@/{password}@127.0.0.1:1/attune"},
        {"ATTUNE_QDRANT_URL": upstream.url, "ATTUNE_QDRANT_API_KEY": searched.plant("qdrant key of a start")},
        {
            "ATTUNE_EMBEDDING_MODEL": f"{upstream.url}/v1#m",
            "ATTUNE_EMBEDDING_API_KEY": searched.plant("embedding key 2"),
        },
        {"ATTUNE_ALERT_WEBHOOK_URL": searched.plant("hook that is no URL")},
        {"ATTUNE_SOURCE_READERS": "a", "ATTUNE_PORT": "many", "ATTUNE_LLM_API_KEY": searched.plant("llm key 2")},
    ]
    failed = 0
    for number, settings in enumerate(wrong):
        environment = _environment(folder / str(number)) | {"ATTUNE_LOG_LEVEL": "DEBUG"} | settings
        done = subprocess.run(
            [ATTUNE, "documents"], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        searched.out.append((f"start with {' '.join(settings)}", done.stdout + done.stderr))
        failed += done.returncode != 0
        if done.returncode == 0:
            print(f"it started with {settings}", file=sys.stderr)
    return len(wrong) - failed


def serve_and_search(log_format: str, searched: Searched, folder: Path, *, everything: bool = True) -> dict[str, int]:
    """Drive a server; gives how much was asked of it."""
    folder.mkdir()
    with closing(Parrot()) as upstream:
        server = Planted(folder, upstream, searched, log_format)
        with server.running() as client:
            callers = people(server, client)
            what_fails(client, searched, callers)
            calls = every_operation(client, searched, callers) if everything else 0
            server.files()
            broken = what_breaks(client, server, callers)
        searched.out += [("trace", body.decode("latin-1")) for body in upstream.traces]
        return {
            "operations called": calls,
            "refused upstream": len(upstream.asked) - len(upstream.traces),
            "5xx with a broken database": broken,
            "traces": len(upstream.traces),
        }


def main() -> None:
    """Print the figure, and on stderr what came out where."""
    searched, told = Searched({HASHED: HASH}), {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for log_format in FORMATS:
            told = serve_and_search(log_format, searched, folder / log_format)
        with closing(Parrot()) as upstream:
            told["starts that did not fail"] = failed_starts(upstream, searched, folder)
    leaks = searched.leaks()
    print("\n".join(leaks), file=sys.stderr)
    told |= {"secrets": len(searched.secrets), "searched": len(searched.out)}
    print_figure("planted_secrets_that_came_out", len(leaks), unit="places", goal="0", baseline=told)
    sys.exit(int(bool(leaks)))


if __name__ == "__main__":
    main()
