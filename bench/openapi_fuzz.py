"""Requests made from the API's description, right ones and wrong ones: does a response ever break what it promises?

Run from the repository root: ``python -m bench.openapi_fuzz [--cases 20000] [--seed 1]``. schemathesis makes the
requests: half of them fit the description, half do not; half are an administrator's, two fifths a reader's, the rest
nobody's. In half of those that fit, ids of things that there are stand in the path. Held against each response: no
5xx, a status, a media type and a body that the description names, and that wrong requests are refused. Requests of an
administrator with a key leave out nothing but the account, the key and the collection that the run itself stands on;
what only commands on the server's own machine may do (backups, paths to take in, set-up tokens) is asked for, and
refused. That right requests are taken is not held against them: whether an id exists, no description can say.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.serialization import serialize_binary

from bench.lines import print_figure
from bench.running import Server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CONFIG = {
    "generation": {"with-security-parameters": False},  # who asks is said here
    # Besides the usual: another version of the upload protocol (412), and bodies and parts that are too large (413).
    "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 412, 413, 415, 422]}},
}
SHARES = (("administrator", 0.5), ("reader", 0.4), ("nobody", 0.1))
DEAR = {"POST /v1/doctor", "POST /v1/doctor/compaction", "POST /v1/erasures", "POST /v1/evaluations"}
"""What takes seconds each time: a twentieth of the requests."""

_TIMEOUT_S = 300


@schemathesis.serializer("application/offset+octet-stream")
def part(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send a part of an upload."""
    return serialize_binary(value)


@dataclass
class Told:
    """What came of it."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)


@dataclass
class Fuzz:
    """Asks a server.

    Attributes:
        url: Where it is.
        keys: API keys by who asks; nobody has none.
        pool: Values of path parameters that there are, by name.
        cases: How many requests about.
        start: What chance begins with.
    """

    url: str
    keys: Mapping[str, str]
    pool: Mapping[str, Sequence[str]]
    cases: int
    start: int

    def run(self) -> Told:
        """Make the requests."""
        told = Told()
        chance = random.Random(self.start)
        config = schemathesis.Config.from_dict(CONFIG)
        schema = schemathesis.openapi.from_url(f"{self.url}/openapi.json", config=config)
        operations = [found.ok() for found in schema.get_all_operations()]
        plain = sum(operation.label not in DEAR for operation in operations)
        each = self.cases / (plain + (len(operations) - plain) / 20)
        with requests.Session() as session:
            for operation in operations:
                for who, mode, count in _shares(each / 20 if operation.label in DEAR else each):
                    self._ask(operation, who, mode, count, (told, chance, session))
        return told

    def _ask(self, operation: Any, who: str, mode: GenerationMode, count: int, run: Any) -> None:
        told, chance, session = run

        @seed(self.start)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def test(case: Case) -> None:
            self._one(case, who, told, chance, session)

        with suppress(Unsatisfiable):  # nothing about it can be wrong
            test()

    def _one(self, case: Case, who: str, told: Told, chance: random.Random, session: requests.Session) -> None:
        if case.meta and case.meta.generation.mode.is_positive:
            self._place(case, chance)
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}
        response = case.call(base_url=self.url, headers=headers, session=session, timeout=_TIMEOUT_S)
        told.cases += 1
        told.statuses[response.status_code] += 1
        if response.status_code < 300:
            told.reached[case.operation.label] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(told, case, who, response, failure)
        except Failure as failure:
            self._note(told, case, who, response, failure)

    def _place(self, case: Case, chance: random.Random) -> None:
        for name in case.path_parameters or {}:
            if self.pool.get(name) and chance.random() < 0.5:
                case.path_parameters[name] = chance.choice(self.pool[name])
        if isinstance(case.body, dict) and "files" in case.body:
            case.body["wait"] = False  # or each would wait for its run

    @staticmethod
    def _note(told: Told, case: Case, who: str, response: Any, failure: BaseException) -> None:
        kind = f"{case.operation.label}: {type(failure).__name__} {response.status_code}"
        if kind not in told.failures:
            asked = json.dumps([case.path_parameters, case.query, case.body], default=str, ensure_ascii=True)
            told.failures[kind] = f"{who}: {str(failure)[:400]}\n  asked {asked[:600]}\n  got {response.text[:300]}"
            print(f"{kind}\n  {told.failures[kind]}", file=sys.stderr, flush=True)


def _shares(each: float) -> Iterator[tuple[str, GenerationMode, int]]:
    for who, share in SHARES:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            yield who, mode, max(1, round(each * share / 2))


def furnish(local: httpx.Client) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Put something of everything into a server; returns the keys of who asks, and the ids that there are."""

    def made(path: str, body: Any, by: httpx.Client = local) -> Any:
        return by.post(path, json=body).raise_for_status().json()

    keys, pool = {}, {"name": ["default", "spare"], "model": ["attune", "attune/default"], "key": ["q1"]}
    for name, scopes in (("administrator", ["ask", "curate", "administer"]), ("reader", ["ask", "curate"])):
        user = made("/v1/users", {"name": f"fuzz-{name}", "administrator": name == "administrator"})
        keys[name] = made(f"/v1/users/{user['id']}/keys", {"name": "fuzz", "scopes": scopes})["key"]
    reader = httpx.Client(base_url=local.base_url, headers={"Authorization": f"Bearer {keys['reader']}"}, timeout=300)
    pool["user_id"] = [made("/v1/users", {"name": f"spare-{n}"})["id"] for n in range(20)]
    pool["key_id"] = [made(f"/v1/users/{pool['user_id'][0]}/keys", {"name": "spare"})["id"] for _ in range(20)]
    pool["group_id"] = [made("/v1/groups", {"name": f"spare {n}"})["id"] for n in range(20)]
    made("/v1/collections", {"name": "spare"})
    words = [f"Roses of bed {n} are watered on day {n}. Write to bed{n}@example.com." for n in range(12)]
    files = [("files", (f"bed{n}.txt", text.encode(), "text/plain")) for n, text in enumerate(words)]
    run = local.post("/v1/documents", files=files).raise_for_status().json()
    pool["document_id"] = [d["id"] for d in local.get("/v1/documents").json()["documents"]]
    asked = {"question": "When are the roses of bed 3 watered?", "conversation_id": "new"}
    answers = [made("/v1/answers", asked, by) for by in [reader] * 6]
    pool["interaction_id"] = [answer["interaction_id"] for answer in answers]
    pool["conversation_id"] = [answer["conversation_id"] for answer in answers]
    pool["feedback_id"] = [
        made(f"/v1/answers/{a['interaction_id']}/feedback", {"verdict": "up"}, reader)["id"] for a in answers
    ]
    golden = {"questions": [{"_id": "q1", "text": "When are roses watered?", "documents": ["bed1.txt"]}]}
    for name in pool["name"]:
        made(f"/v1/golden-sets/{name}", golden)
    local.post("/v1/evaluations", json={"set": "default", "kind": "retrieval"}).raise_for_status()
    pool["run_id"] = [run["id"], local.get("/v1/evaluations").json()["runs"][0]["id"]]
    reader.close()
    return keys, pool


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given_ = parser.parse_args()
    limits = {f"ATTUNE_{name}_REQUESTS_PER_MINUTE": "0" for name in ("USER", "CREDENTIAL", "ADDRESS")}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data", **limits) as server:
        keys, pool = furnish(server.client)
        told = Fuzz(str(server.client.base_url).rstrip("/"), keys, pool, given_.cases, given_.seed).run()
    failed = sum(count for status, count in told.statuses.items() if status >= 500)
    baseline = {"cases": told.cases, "responses_5xx": failed, "operations_with_2xx": len(told.reached)}
    baseline["statuses"] = {str(status): count for status, count in sorted(told.statuses.items())}
    print_figure("openapi_violations", len(told.failures), unit="kinds of failure", goal="0", baseline=baseline)
    sys.exit(bool(told.failures))


if __name__ == "__main__":
    main()
