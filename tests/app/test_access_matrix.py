"""Who may do what: every operation of the API, asked by everybody; a new operation without a row here fails.

Nobody gets a 2xx that the table does not give them, nobody a 5xx, and whoever the table lets in gets in: else a refusal
would show nothing. Those who may not ask first, so that everything is still there.
"""

import re
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from app.routes.openai_api import EMBEDDER_MODEL
from tests.app.access_house import PASSWORD, TUS, House, furnished, tus_metadata

NOBODY = (
    "anonymous",
    "forged key",
    "truncated key",
    "revoked key",
    "expired key",
    "suspended",
    "suspended, cookie",
    "ended session",
    "wrong key with a good cookie",
)
PLAIN = ("reader", "administrator, key to ask")
FORGED_CHANGES = ("cookie without CSRF token", "cookie sent by another site")
ADMINISTRATORS = ("administrator", "administrator, cookie", "local")
SAFE = {"GET", "HEAD", "OPTIONS"}

OK = 200
# In these columns: who has no business with it, whose things they are (and who reads the collection), the curator of
# another collection, its curator, its curator with a key only to ask, an administrator, a command on this machine.
CLASSES = {
    "anybody": (OK, OK, OK, OK, OK, OK, OK),
    "signed in": (OK, OK, OK, OK, OK, OK, OK),
    "is a user": (OK, OK, OK, OK, OK, OK, 409),
    "is a session": (409, 409, 409, 409, 409, 409, 409),
    "whose it is": (404, OK, 404, 404, 404, 404, 404),
    "whose it is, administrators": (404, OK, 404, 404, 404, OK, OK),
    "who may read it": (404, OK, 404, 404, 404, 404, 404),
    "who may know of the collection": (404, OK, 404, OK, OK, OK, OK),
    "who looks after the collection": (404, 403, 404, OK, 403, OK, OK),
    "who looks after the collection of the document": (404, 403, 404, OK, 404, OK, OK),
    "who looks after its collection": (404, 404, 404, OK, 404, OK, OK),
    "who looks after some collection": (403, 403, OK, OK, 403, OK, OK),
    "who looks after the collection it is about": (403, 403, OK, 404, 403, OK, OK),
    "administrators": (403, 403, 403, 403, 403, OK, OK),
    "another administrator in a session": (403, 403, 403, 403, 403, 403, 403),
    "commands on this machine": (403, 403, 403, 403, 403, 403, OK),
    "who carries the token": (409, 409, 409, 409, 409, 409, 409),
    "nothing to find": (404, 404, 404, 404, 404, 404, 404),
    "no such method": (405, 405, 405, 405, 405, 405, 405),
}
OPEN_TO_ALL = {"anybody", "who carries the token", "nothing to find"}


@dataclass(frozen=True)
class Row:
    """What is asked for, and by whom it may be.

    Attributes:
        who: One of CLASSES.
        where: Path parameter -> name of an id of the house.
        json: Body, or what makes it of the house.
        fresh: Makes the ids anew for each who may, as what they do takes them away.
        after: Done by the house when all have asked.
        ok: What who may gets.
        but: Role -> status, where it is another than that of its class.
    """

    who: str
    where: dict = field(default_factory=dict)
    json: object = None
    data: dict | None = None
    files: list | None = None
    params: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    content: bytes | None = None
    fresh: object = None
    after: object = None
    ok: tuple = (200, 201, 202, 204)
    but: dict = field(default_factory=dict)


def fresh(maker, **names):
    """Have a method of the house make what one path parameter names."""
    (name,) = names or {"id": None}
    return lambda house: {name: getattr(house, maker)()}


PART = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
FOREIGN_PAGE = {"cookie sent by another site": (403,)}
SESSION = {"administrator, cookie": (204,)}
ASK = {"question": "How often are roses watered?"}
DOCUMENT = {"document_id": "hidden"}
CLOSED = {"name": "closed"}
RUN = {"run_id": "run"}
GOLD = {"name": "golden"}
EVALUATION = {"run_id": "evaluation"}
USER = {"user_id": "owner"}
GROUP = {"group_id": "group"}
CANDIDATE = {"candidate_id": "candidate"}
TRAINING = {"run_id": "training"}
DONE = (200, 202, 409)  # 409: the run is over
ENTRY = {"name": "spare", "scopes": ["ask"]}

ROWS = {
    # Questions and answers
    "POST /v1/answers": Row("signed in", json=ASK),
    "GET /v1/answers/{interaction_id}": Row("whose it is, administrators", {"interaction_id": "interaction"}),
    "POST /v1/answers/{interaction_id}/replay": Row(
        "whose it is", {"interaction_id": "interaction"}, but=dict.fromkeys(ADMINISTRATORS, (404,))
    ),
    "GET /v1/answers/{interaction_id}/explanations": Row(
        "administrators",
        {"interaction_id": "interaction"},
        fresh=lambda house: {
            "interaction_id": house.made("/v1/answers", ASK, by="second administrator")["interaction_id"]
        },
    ),
    "POST /v1/answers/{interaction_id}/feedback": Row(
        "whose it is, administrators", {"interaction_id": "interaction"}, json={"verdict": "up"}
    ),
    "GET /v1/answers/{interaction_id}/feedback": Row("whose it is, administrators", {"interaction_id": "interaction"}),
    "DELETE /v1/answers/{interaction_id}/feedback": Row(
        "whose it is, administrators", {"interaction_id": "interaction"}
    ),
    "POST /v1/answers/{interaction_id}/readings": Row(
        "whose it is, administrators",
        {"interaction_id": "interaction"},
        json=lambda house: {"chunk_id": house.ids["chunk"], "kind": "copied"},
    ),
    "POST /v1/search": Row("signed in", json=ASK),
    "GET /v1/models": Row("signed in"),
    "GET /v1/models/{model}": Row("who may read it", {"model": "attune/closed"}),
    "POST /v1/chat/completions": Row(
        "signed in", json={"model": "attune", "messages": [{"role": "user", "content": ASK["question"]}]}
    ),
    "POST /v1/embeddings": Row("signed in", json={"model": EMBEDDER_MODEL, "input": "roses"}),
    "GET /v1/suggestions": Row("signed in"),
    "GET /v1/assistants": Row("signed in"),
    "POST /v1/assistants": Row(
        "who looks after the collection", json=lambda _: {"name": f"spare {uuid4().hex[:12]}", "collection": "closed"}
    ),
    "PATCH /v1/assistants/{assistant_id}": Row(
        "who looks after the collection of the document", {"assistant_id": "assistant"}, json={"description": "Zebras"}
    ),
    "DELETE /v1/assistants/{assistant_id}": Row(
        "who looks after the collection of the document",
        {"assistant_id": "assistant"},
        fresh=fresh("new_assistant", assistant_id=1),
    ),
    "GET /v1/conversations": Row("signed in"),
    "POST /v1/conversations": Row("signed in", json={}),
    "GET /v1/conversations/{conversation_id}": Row("whose it is", {"conversation_id": "conversation"}),
    "PATCH /v1/conversations/{conversation_id}": Row(
        "whose it is", {"conversation_id": "conversation"}, json={"title": "Zebras"}
    ),
    "DELETE /v1/conversations/{conversation_id}": Row(
        "whose it is", {"conversation_id": "conversation"}, fresh=fresh("new_conversation", conversation_id=1)
    ),
    "GET /v1/conversations/{conversation_id}/export": Row("whose it is", {"conversation_id": "conversation"}),
    "GET /v1/feedback": Row("who looks after some collection"),
    "GET /v1/feedback/counts": Row("administrators"),
    "GET /v1/feedback/givers": Row("administrators"),
    "POST /v1/feedback/given": Row(
        "administrators",
        json={"source": "matrix", "labels": [{"question": "Roses?", "document": "public.md", "label": 1}]},
    ),
    "POST /v1/feedback/{feedback_id}/refusal": Row(
        "who looks after the collection it is about", {"feedback_id": "feedback"}
    ),
    "POST /v1/feedback/{feedback_id}/approval": Row(
        "who looks after the collection it is about", {"feedback_id": "feedback"}
    ),
    # Review
    "GET /v1/review/questions": Row("who looks after some collection"),
    "GET /v1/review/questions/{interaction_id}": Row(
        "who looks after the collection it is about", {"interaction_id": "question of tulips"}
    ),
    "GET /v1/review/gaps": Row("who looks after some collection"),
    "POST /v1/review/groups/{group_id}/state": Row(
        "who looks after the collection it is about", {"group_id": "question of tulips"}, json={"state": "handled"}
    ),
    "GET /v1/review/queue": Row("who looks after some collection"),
    "POST /v1/review/queue": Row("who looks after some collection", json={"kinds": ["low_rated"], "limit": 1}),
    "GET /v1/review/queue/next": Row("who looks after some collection"),
    "GET /v1/review/tasks/{task_id}": Row("who looks after the collection it is about", {"task_id": "task"}),
    "POST /v1/review/tasks/{task_id}/labels": Row(
        "who looks after the collection it is about", {"task_id": "task"}, json={"skip": True}
    ),
    "GET /v1/review/agreement": Row("who looks after some collection"),
    "POST /v1/review/golden": Row("administrators", json={"set": "review"}),
    # Learning
    "GET /v1/learning": Row("administrators"),
    "POST /v1/learning/runs": Row("administrators", json={}, ok=(409,)),  # nobody approved of it
    "GET /v1/learning/runs": Row("administrators"),
    "GET /v1/learning/runs/{run_id}": Row("administrators", TRAINING),
    "DELETE /v1/learning/runs/{run_id}": Row("administrators", TRAINING, ok=(409,)),  # it has ended
    "GET /v1/learning/candidates": Row("administrators"),
    "GET /v1/learning/candidates/{candidate_id}": Row("administrators", CANDIDATE),
    "POST /v1/learning/candidates/{candidate_id}/trial": Row(
        "administrators", CANDIDATE, json={"kind": "shadow"}, ok=(201, 409), after=lambda house: house.stop_trial()
    ),
    "DELETE /v1/learning/trial": Row("administrators", ok=(200, 404)),  # 404: none runs
    "POST /v1/learning/candidates/{candidate_id}/promotion": Row("administrators", CANDIDATE, ok=(409,)),
    "POST /v1/learning/rollback": Row("administrators", ok=(409,)),  # nothing learned serves
    # Documents
    "GET /v1/documents": Row("signed in"),
    "POST /v1/documents": Row(
        "who looks after the collection",
        files=[("files", ("public.md", b"# Oaks\n\nOaks are never watered.", "text/markdown"))],
        data={"collection": "closed", "wait": "false"},
    ),
    "GET /v1/documents/{document_id}": Row("who may read it", DOCUMENT),
    "GET /v1/documents/{document_id}/original": Row("who may read it", DOCUMENT),
    "GET /v1/documents/{document_id}/revisions": Row("who may read it", DOCUMENT),
    "GET /v1/documents/{document_id}/chunks": Row("who may read it", DOCUMENT),
    # It has no pages; whoever may not read it is not told so.
    "GET /v1/documents/{document_id}/pages/{number}": Row("who may read it", DOCUMENT | {"number": "10"}, ok=(415,)),
    "GET /v1/documents/{document_id}/highlights": Row(
        "who may read it", DOCUMENT, params={"start": 0, "end": 5}, ok=(415,)
    ),
    "GET /v1/documents/{document_id}/findings": Row("who may read it", DOCUMENT),
    "DELETE /v1/documents/{document_id}": Row(
        "who looks after the collection of the document", DOCUMENT, fresh=fresh("new_document", document_id=1)
    ),
    "PUT /v1/documents/{document_id}/metadata": Row(
        "who looks after the collection of the document", DOCUMENT, json={"metadata": {"department": "payroll"}}
    ),
    "GET /v1/documents/{document_id}/access": Row("who looks after the collection of the document", DOCUMENT),
    "PUT /v1/documents/{document_id}/access": Row(
        "who looks after the collection of the document",
        DOCUMENT,
        json=lambda house: {
            "access": "everyone",
            "version": house.version_of(f"/v1/documents/{house.ids['hidden']}/access"),
        },
    ),
    "DELETE /v1/documents/{document_id}/access": Row(
        "who looks after the collection of the document",
        DOCUMENT,
        params={"version": lambda house: house.version_of(f"/v1/documents/{house.ids['hidden']}/access")},
        ok=(200, 409),  # 409: it is not set by hand any more
    ),
    # Collections
    "GET /v1/collections": Row("signed in"),
    "POST /v1/collections": Row("administrators", json=lambda _: {"name": f"spare-{uuid4().hex[:12]}"}),
    "GET /v1/collections/{name}/access": Row("who looks after the collection", CLOSED),
    "PUT /v1/collections/{name}/access": Row(
        "who looks after the collection",
        CLOSED,
        json=lambda house: {
            "readers": [f"g:{house.ids['group']}"],
            "curators": [f"u:{house.ids['curator']}"],
            "version": house.version_of("/v1/collections/closed/access"),
        },
    ),
    "GET /v1/collections/{name}/guards": Row("who looks after the collection", CLOSED),
    "PUT /v1/collections/{name}/guards": Row("who looks after the collection", CLOSED, json={}),
    "POST /v1/guards/check": Row("administrators", json={"text": "Roses"}),
    "GET /v1/collections/{name}/policy": Row("who looks after the collection", CLOSED),
    "PUT /v1/collections/{name}/policy": Row("who looks after the collection", CLOSED, json={}),
    "PUT /v1/collections/{name}/names": Row("who looks after the collection", CLOSED, json={"names": "Anna Berg"}),
    "GET /v1/collections/{name}/quality": Row("who may know of the collection", CLOSED),
    "GET /v1/collections/{name}/quality.html": Row("who may know of the collection", CLOSED),
    "GET /v1/collections/{name}/findings": Row("who may know of the collection", CLOSED),
    "GET /v1/collections/{name}/quarantine": Row("who looks after the collection", CLOSED),
    "GET /v1/collections/{name}/failures": Row("who looks after the collection", CLOSED),
    "POST /v1/quarantine/{held_id}/release": Row(
        "who looks after its collection", {"held_id": "held"}, fresh=lambda house: {"held_id": house.held.pop()}
    ),
    # Taking documents in
    "POST /v1/ingestions": Row(
        "commands on this machine", json=lambda house: {"paths": [str(house.folder)], "collection": "elsewhere"}
    ),
    "GET /v1/ingestions": Row("who looks after some collection"),
    "GET /v1/ingestions/{run_id}": Row("who looks after its collection", RUN),
    "GET /v1/ingestions/{run_id}/documents": Row("who looks after its collection", RUN),
    "GET /v1/ingestions/{run_id}/events": Row("who looks after its collection", RUN),
    "POST /v1/ingestions/{run_id}/cancel": Row("who looks after its collection", RUN, ok=DONE),
    "POST /v1/ingestions/{run_id}/pause": Row("who looks after its collection", RUN, ok=DONE),
    "POST /v1/ingestions/{run_id}/resume": Row("who looks after its collection", RUN, ok=DONE),
    "POST /v1/ingestions/{run_id}/retry": Row("who looks after its collection", RUN, ok=DONE),
    "GET /v1/sources": Row("who looks after some collection"),
    "GET /v1/sources/kinds": Row("who looks after some collection"),
    "POST /v1/sources": Row(
        "administrators",
        json=lambda house: {
            "kind": "folder",
            "name": uuid4().hex,
            "collection": "closed",
            "arguments": {"path": str(house.folder)},
        },
    ),
    "GET /v1/sources/{source_id}": Row("who looks after its collection", {"source_id": "source"}),
    "PATCH /v1/sources/{source_id}": Row(
        "who looks after its collection", {"source_id": "source"}, json={"paused": True}
    ),
    "DELETE /v1/sources/{source_id}": Row(
        "who looks after its collection", {"source_id": "source"}, fresh=fresh("new_source", source_id=1)
    ),
    "POST /v1/sources/{source_id}/sync": Row(
        "who looks after its collection", {"source_id": "source"}, fresh=fresh("new_source", source_id=1)
    ),
    "OPTIONS /v1/uploads": Row("signed in"),
    "POST /v1/uploads": Row(
        "who looks after the collection",
        headers=TUS | {"Upload-Length": "20", "Upload-Metadata": tus_metadata("closed")},
    ),
    "HEAD /v1/uploads/{upload_id}": Row("who looks after its collection", {"upload_id": "upload"}, headers=TUS),
    "PATCH /v1/uploads/{upload_id}": Row(
        "who looks after its collection",
        {"upload_id": "upload"},
        headers=PART,
        content=b"roses",
        fresh=fresh("new_upload", upload_id=1),
    ),
    "DELETE /v1/uploads/{upload_id}": Row(
        "who looks after its collection", {"upload_id": "upload"}, headers=TUS, fresh=fresh("new_upload", upload_id=1)
    ),
    # Golden sets and evaluations
    "GET /v1/golden-sets": Row("administrators"),
    "GET /v1/golden-sets/{name}": Row("administrators", GOLD),
    "POST /v1/golden-sets/{name}": Row(
        "administrators",
        GOLD,
        json={"questions": [{"_id": "q1", "text": "How often are roses watered?", "documents": ["public.md"]}]},
    ),
    "GET /v1/golden-sets/{name}/versions": Row("administrators", GOLD),
    "GET /v1/golden-sets/{name}/export": Row("administrators", GOLD),
    "DELETE /v1/golden-sets/{name}": Row("administrators", GOLD, fresh=fresh("new_golden_set", name=1)),
    "POST /v1/golden-sets/{name}/drafts": Row("administrators", GOLD, json={"limit": 1}),
    "POST /v1/golden-sets/{name}/feedback": Row("administrators", GOLD),
    "PATCH /v1/golden-sets/{name}/questions": Row(
        "administrators",
        GOLD,
        json=[{"action": "edit", "key": "q1", "changes": {"text": "How often are oaks watered?"}}],
    ),
    "PATCH /v1/golden-sets/{name}/questions/{key}": Row(
        "administrators",
        GOLD | {"key": "question"},
        json={"action": "edit", "changes": {"text": "How often are oaks watered?"}},
    ),
    "POST /v1/evaluations": Row(
        "administrators",
        json=lambda house: {"set": house.ids["golden"], "kind": "retrieval", "collection": "open"},
    ),
    "GET /v1/evaluations": Row("administrators"),
    "POST /v1/evaluations/records": Row("administrators", json=lambda house: house.record()),
    "GET /v1/evaluations/comparison": Row("administrators", params={"before": "latest", "after": "latest"}),
    "GET /v1/evaluations/usage": Row("administrators"),
    "POST /v1/evaluations/agreement": Row("administrators"),
    "GET /v1/evaluations/accepted": Row("administrators", params={"kind": "retrieval", "golden": "none"}, ok=(404,)),
    "GET /v1/evaluations/{run_id}": Row("administrators", EVALUATION),
    "GET /v1/evaluations/{run_id}/report": Row("administrators", EVALUATION),
    "POST /v1/evaluations/{run_id}/acceptance": Row("administrators", EVALUATION),
    "DELETE /v1/evaluations/{run_id}": Row("administrators", EVALUATION, fresh=fresh("new_evaluation", run_id=1)),
    "GET /v1/approvals": Row("administrators"),
    "POST /v1/approvals": Row(
        "administrators", json=lambda _: {"action": "train", "subject": uuid4().hex, "reason": "a test"}
    ),
    "GET /v1/approvals/{approval_id}": Row("administrators", {"approval_id": "approval"}),
    "POST /v1/approvals/{approval_id}/decision": Row(
        "another administrator in a session",
        {"approval_id": "approval"},
        json={"decision": "refused"},
        fresh=fresh("new_approval", approval_id=1),
        but={"administrator, cookie": (200,)},
    ),
    # People
    "POST /v1/session": Row("anybody", json={"name": "reader", "password": PASSWORD}, but=FOREIGN_PAGE),
    "GET /v1/session": Row("signed in"),
    "DELETE /v1/session": Row("is a session", but=SESSION, after=House.sign_in_again),
    "PUT /v1/session/password": Row(
        "is a session",
        json={"current": PASSWORD, "new": PASSWORD},
        but=SESSION,
    ),
    "GET /v1/sessions": Row("is a session", but=dict.fromkeys((*FORGED_CHANGES, "administrator, cookie"), (200,))),
    "DELETE /v1/sessions": Row("is a session", but=SESSION),
    "DELETE /v1/sessions/{session_id}": Row(  # of somebody else; and a key, with which the owner asks, has none
        "whose it is", {"session_id": "session"}, but={"owner": (404,)}
    ),
    "GET /v1/setup": Row("anybody"),
    "POST /v1/setup": Row(
        "who carries the token", json={"token": "x", "name": "eve", "password": PASSWORD}, but=FOREIGN_PAGE
    ),
    "POST /v1/setup/token": Row("commands on this machine"),
    "GET /v1/oidc": Row("anybody"),
    "GET /v1/oidc/login": Row("nothing to find"),
    "GET /v1/oidc/callback": Row("nothing to find"),
    "GET /v1/keys": Row("is a user"),
    "POST /v1/keys": Row("is a user", json=ENTRY),
    "DELETE /v1/keys/{key_id}": Row(
        "whose it is, administrators", {"key_id": "key of owner"}, fresh=fresh("new_key", key_id=1)
    ),
    "GET /v1/directory": Row("who looks after some collection"),
    "GET /v1/users": Row("administrators"),
    "POST /v1/users": Row("administrators", json=lambda _: {"name": f"spare-{uuid4().hex[:12]}"}),
    "GET /v1/users/{user_id}": Row("administrators", USER),
    "PATCH /v1/users/{user_id}": Row("administrators", USER, json={"display_name": "Owner"}),
    "DELETE /v1/users/{user_id}": Row("administrators", USER, fresh=fresh("new_user", user_id=1)),
    "PUT /v1/users/{user_id}/password": Row(
        "administrators", USER, json={"password": PASSWORD}, fresh=fresh("new_user", user_id=1)
    ),
    "GET /v1/users/{user_id}/sessions": Row("administrators", USER),
    "DELETE /v1/users/{user_id}/sessions": Row("administrators", USER),
    "GET /v1/users/{user_id}/keys": Row("administrators", USER),
    "POST /v1/users/{user_id}/keys": Row("administrators", USER, json=ENTRY),
    "GET /v1/groups": Row("administrators"),
    "POST /v1/groups": Row("administrators", json=lambda _: {"name": f"spare {uuid4().hex}"}),
    "GET /v1/groups/{group_id}": Row("administrators", GROUP),
    "PATCH /v1/groups/{group_id}": Row("administrators", GROUP, json={"name": "insiders"}),
    "DELETE /v1/groups/{group_id}": Row("administrators", GROUP, fresh=fresh("new_group", group_id=1)),
    "GET /v1/groups/{group_id}/members": Row("administrators", GROUP),
    "PUT /v1/groups/{group_id}/members/{user_id}": Row("administrators", GROUP | USER),
    "DELETE /v1/groups/{group_id}/members/{user_id}": Row(
        "administrators",
        GROUP | USER,
        fresh=lambda house: {"group_id": house.ids["group"], "user_id": house.new_member()},
    ),
    # The server
    "GET /v1/audit": Row("administrators"),
    "GET /v1/audit/export": Row("administrators"),
    "GET /v1/audit/verification": Row("administrators"),
    "GET /v1/erasures": Row("administrators"),
    "GET /v1/erasures/{erasure_id}": Row("administrators", {"erasure_id": "erasure"}),
    "POST /v1/erasures": Row("administrators", json=lambda house: house.erasing()),
    "POST /v1/backups": Row(
        "commands on this machine", json=lambda house: {"path": str(house.folder.parent / f"{uuid4().hex}.tar")}
    ),
    "POST /v1/doctor": Row("administrators", json={}),
    "POST /v1/doctor/compaction": Row("administrators"),
    "GET /metrics": Row("administrators"),
    "GET /v1/monitoring": Row("administrators"),
    "POST /v1/monitoring/observations": Row("administrators"),
    "GET /v1/health/live": Row("anybody"),
    "GET /v1/health/ready": Row("anybody"),
    # What is not in the API's description
    "GET /": Row("anybody"),
    "GET /documents": Row("anybody"),
    "GET /assistants": Row("anybody"),
    "GET /c/none": Row("anybody"),
    "GET /icon.svg": Row("anybody"),
    "GET /report.css": Row("anybody"),
    "GET /openapi.json": Row("anybody"),
    "GET /mcp": Row("no such method"),
    "DELETE /mcp": Row("no such method"),
    "POST /mcp": Row(
        "signed in",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        headers={"Accept": "application/json, text/event-stream"},
    ),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with furnished(tmp_path_factory.mktemp("house")) as house:
        yield house


def made(value, house):
    return value(house) if callable(value) else value


def ask(house, role, operation, ids):
    row, client = ROWS[operation], house.clients[role]
    method, path = operation.split(" ")
    kept = httpx.Cookies(client.cookies)
    response = client.request(
        method,
        re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path),
        json=made(row.json, house),
        data=row.data,
        files=row.files,
        params={name: made(value, house) for name, value in row.params.items()},
        headers=row.headers,
        content=row.content,
    )
    client.cookies = kept  # who signs in stays who they were
    return response


def expected(operation, role):
    """The statuses that a role may get."""
    row = ROWS[operation]
    plain, owner, elsewhere, curator, asking, administrator, local = CLASSES[row.who]
    if role in row.but:
        return row.but[role]
    if row.who in OPEN_TO_ALL:
        status = administrator
    elif role in NOBODY:
        status = 401
    elif role in FORGED_CHANGES:
        status = administrator if operation.split(" ")[0] in SAFE else 403
    else:
        of_role = {"owner": owner, "curator elsewhere": elsewhere, "curator": curator, "local": local}
        of_role["curator, key to ask"] = asking
        status = of_role.get(role, plain if role in PLAIN else administrator)
    return row.ok if status == OK else (status,)


def roles():
    known = ("owner", "curator elsewhere", "curator, key to ask", "curator", *ADMINISTRATORS)
    return (*NOBODY, *PLAIN, *FORGED_CHANGES, *known)


def test_every_operation_has_a_row(house):
    described = house.local.get("/openapi.json").json()["paths"]
    operations = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    rows = {operation for operation in ROWS if "/v1/" in operation or operation == "GET /metrics"}
    assert rows == operations


@pytest.mark.parametrize("operation", ROWS)
def test_each_gets_what_the_table_gives_them(house, operation):
    row = ROWS[operation]
    may = [role for role in roles() if expected(operation, role) == row.ok or role in row.but]
    standing = {name: house.ids[of] for name, of in row.where.items()}
    wrong = []
    for role in sorted(roles(), key=lambda role: role in may):
        ids = standing | (row.fresh(house) if row.fresh and role in may else {})
        response = ask(house, role, operation, ids)
        if response.status_code not in expected(operation, role):
            wrong.append((role, response.status_code, expected(operation, role), response.text[:200]))
    if row.after:
        row.after(house)
    assert wrong == [], wrong


def unlike(value):
    """An id or a name of the same form and length, next to it in any order, that there is none of."""
    return value[:-1] + ("0" if value[-1] != "0" else "1")


def told(response, ids):
    """What a response says, without the ids it was asked with."""
    text = response.text
    for value in ids.values():
        text = text.replace(value, "ID")
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, text, headers


HIDDEN = [operation for operation, row in ROWS.items() if row.where]


@pytest.mark.parametrize("operation", HIDDEN)
def test_what_one_may_not_know_of_looks_like_what_there_is_none_of(house, operation):
    there = {name: house.ids[of] for name, of in ROWS[operation].where.items()}
    nowhere = {name: unlike(value) for name, value in there.items()}
    refused = [role for role in roles() if role not in FORGED_CHANGES and expected(operation, role) == (404,)]
    if "reader" not in refused:
        # Who may not ask at all is not told whether there is such a thing either.
        refused += [role for role in ("reader", "owner") if expected(operation, role) == (403,)]
    assert "reader" in refused
    for role in refused:
        answers = [told(ask(house, role, operation, ids), ids) for ids in (there, nowhere)]
        assert answers[0] == answers[1], role


OF_DOCUMENTS = [operation for operation in HIDDEN if ROWS[operation].where == DOCUMENT]


@pytest.mark.parametrize("operation", OF_DOCUMENTS)
def test_a_document_hidden_by_its_own_list_looks_like_none(house, operation):
    there = {"document_id": house.ids["private"]}
    nowhere = {"document_id": unlike(house.ids["private"])}
    for role in ("reader", "administrator, key to ask", "curator", "curator elsewhere"):
        answers = [told(ask(house, role, operation, ids), ids) for ids in (there, nowhere)]
        assert answers[0] == answers[1], role
        assert answers[0][0] == 404


def by_post(path, **body):
    return lambda client, given: client.post(path, json={n: v(given) if callable(v) else v for n, v in body.items()})


def by_get(path):
    return lambda client, given: client.get(path.replace("GIVEN", given))


def tool(name, **arguments):
    accept = {"Accept": "application/json, text/event-stream"}

    def call(client, given):
        filled = {n: v(given) if callable(v) else v for n, v in arguments.items()}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": filled}}
        return client.post("/mcp", json=body, headers=accept)

    return call


def given(value):
    return value


ELSEWHERE_IN_REQUESTS = {
    "a collection that is asked": ("closed", by_post("/v1/answers", question="Zebra salaries?", collection=given)),
    "a conversation that goes on": (
        "conversation",
        by_post("/v1/answers", question="Zebra salaries?", conversation_id=given),
    ),
    "an assistant that is asked": ("assistant", by_post("/v1/answers", question="Zebras?", assistant=given)),
    "an assistant whose questions are suggested": ("assistant", by_get("/v1/suggestions?assistant=GIVEN")),
    "a collection of which questions are suggested": ("closed", by_get("/v1/suggestions?collection=GIVEN")),
    "an answer that is replaced": (
        "interaction",
        lambda client, value: client.post(
            "/v1/answers", json={"question": "Zebras?", "conversation_id": client.conversation, "replaces": value}
        ),
    ),
    "a collection that is searched": ("closed", by_post("/v1/search", question="Zebra salaries?", collection=given)),
    "a source that is filtered by": (
        "source",
        by_post("/v1/search", question="Zebra salaries?", filters=lambda value: {"sources": [value]}),
    ),
    "a collection that is listed": ("closed", by_get("/v1/documents?collection=GIVEN")),
    "a collection that is managed": ("closed", by_get("/v1/documents?collection=GIVEN&managed=true")),
    "a document after which one lists": ("hidden", by_get("/v1/documents?after=GIVEN&collection=elsewhere")),
    "a model": (
        "attune/closed",
        by_post("/v1/chat/completions", model=given, messages=[{"role": "user", "content": "Zebras?"}]),
    ),
    "a collection of a chat": (
        "closed",
        by_post("/v1/chat/completions", model="attune", collection=given, messages=[{"role": "user", "content": "Z?"}]),
    ),
    "a conversation of a chat": (
        "conversation",
        by_post(
            "/v1/chat/completions",
            model="attune",
            conversation_id=given,
            messages=[{"role": "user", "content": "Zebras?"}],
        ),
    ),
    "a collection of an upload": (
        "closed",
        lambda client, value: client.post(
            "/v1/documents", files=[("files", ("a.txt", b"Oaks.", "text/plain"))], data={"collection": value}
        ),
    ),
    "a collection of an upload in parts": (
        "closed",
        lambda client, value: client.post(
            "/v1/uploads", headers=TUS | {"Upload-Length": "9", "Upload-Metadata": tus_metadata(value)}
        ),
    ),
    "a document of a tool": ("hidden", tool("open_document", document_id=given)),
    "a revision of a tool": (
        "revision",
        lambda client, value: tool("open_document", document_id=client.public, revision=value)(client, value),
    ),
    "a collection of a tool": ("closed", tool("search", question="Zebra salaries?", collection=given)),
    "a collection of a tool that answers": ("closed", tool("ask", question="Zebra salaries?", collection=given)),
    "a conversation of a tool": ("conversation", tool("ask", question="Zebras?", conversation_id=given)),
    "a revision": (
        "revision",
        lambda client, value: client.get(f"/v1/documents/{client.public}", params={"revision": value}),
    ),
    "a revision whose chunks are listed": (
        "revision",
        lambda client, value: client.get(f"/v1/documents/{client.public}/chunks", params={"revision": value}),
    ),
    "a revision of which a page is drawn": (
        "revision",
        lambda client, value: client.get(f"/v1/documents/{client.public}/pages/1", params={"revision": value}),
    ),
    "a revision in which a quote is highlighted": (
        "revision",
        lambda client, value: client.get(
            f"/v1/documents/{client.public}/highlights", params={"revision": value, "start": 0, "end": 5}
        ),
    ),
    "a document that is said to be right": (
        "hidden",
        lambda client, value: client.post(
            f"/v1/answers/{client.interaction}/feedback", json={"verdict": "down", "right_documents": [value]}
        ),
    ),
    "an answer that is said to be worse": (
        "interaction",
        lambda client, value: client.post(f"/v1/answers/{client.interaction}/feedback", json={"preferred_over": value}),
    ),
    "a passage that is said to be right": (
        "chunk",
        lambda client, value: client.post(f"/v1/answers/{client.interaction}/feedback", json={"right_chunks": [value]}),
    ),
    "a passage that is said to be opened": (
        "chunk",
        lambda client, value: client.post(
            f"/v1/answers/{client.interaction}/readings", json={"chunk_id": value, "kind": "opened"}
        ),
    ),
    "an answer before which one reads": (
        "interaction",
        lambda client, value: client.get(f"/v1/conversations/{client.conversation}", params={"before": value}),
    ),
}


@pytest.mark.parametrize("what", ELSEWHERE_IN_REQUESTS)
@pytest.mark.parametrize("role", ["reader", "curator elsewhere", "administrator, key to ask"])
def test_ids_in_bodies_and_queries_tell_nothing_either(house, role, what):
    client = house.clients[role]
    if not hasattr(client, "interaction"):
        mine = client.post("/v1/answers", json={"question": "How often are roses watered?", "conversation_id": "new"})
        client.interaction, client.conversation = mine.json()["interaction_id"], mine.json()["conversation_id"]
        client.public = house.ids["public"]
    name, asked = ELSEWHERE_IN_REQUESTS[what]
    there, nowhere = house.ids[name], unlike(house.ids[name])
    answers = []
    for value in (there, nowhere):
        status, text, headers = told(asked(client, value), {"id": value})
        # Each answer has an id and times of its own.
        text = re.sub(r'"(interaction_id|conversation_id|id|created|\w*_ms|fingerprint)":("[^"]*"|[\d.]+)', "", text)
        answers.append((status, text, {n: v for n, v in headers.items() if n != "content-length"}))
        assert "salaries are paid" not in text
    assert answers[0] == answers[1]
