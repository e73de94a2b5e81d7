"""A server with everything in it that somebody might not be meant to see, and everybody who might ask."""

import base64
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from app.owner import checked, events, serving
from app.settings import Settings
from finetune.runs import TrainingRuns
from retrieval.tables import open_engine
from tests.candidates import candidate

PASSWORD = "a long enough password"
ALL = ["ask", "curate", "administer"]
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class House:
    """What there is (``ids``, by name), and a client for each who asks (``clients``, by role)."""

    local: httpx.Client
    folder: object
    ids: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    report: dict = field(default_factory=dict)

    def made(self, path, body, *, by="local"):
        return checked(self.clients[by].post(path, json=body))

    def uploaded(self, collection, files, **form):
        sent = [("files", (name, text.encode(), "text/plain")) for name, text in files.items()]
        run = checked(self.local.post("/v1/documents", files=sent, data={"collection": collection} | form))
        assert run["failures"] == []
        return run["id"]

    def document(self, name):
        """The id of a document of ``closed`` or ``open`` by the end of its uri."""
        listed = [
            document
            for collection in ("open", "closed")
            for document in checked(
                self.local.get("/v1/documents", params={"collection": collection, "managed": True, "limit": 1000})
            )["documents"]
        ]
        return next(d["id"] for d in listed if d["uri"].endswith(name))

    # What is destroyed by whoever may is made anew each time.

    def new_user(self):
        return self.made("/v1/users", {"name": f"spare-{uuid4().hex[:12]}"})["id"]

    def new_member(self):
        user_id = self.new_user()
        checked(self.local.put(f"/v1/groups/{self.ids['group']}/members/{user_id}"))
        return user_id

    def new_group(self):
        return self.made("/v1/groups", {"name": f"spare {uuid4().hex}"})["id"]

    def new_key(self, user="owner"):
        body = {"name": "spare", "scopes": ["ask"]}
        return self.made(f"/v1/users/{self.ids[user]}/keys", body)["id"]

    def new_conversation(self):
        return self.made("/v1/conversations", {}, by="owner")["id"]

    def new_assistant(self):
        body = {"name": f"spare {uuid4().hex[:12]}", "collection": "closed"}
        return self.made("/v1/assistants", body, by="curator")["id"]

    def new_golden_set(self):
        name = f"spare-{uuid4().hex[:12]}"
        question = {"_id": "q1", "text": "How often are roses watered?", "documents": ["public.md"]}
        self.made(f"/v1/golden-sets/{name}", {"questions": [question]})
        return name

    def new_evaluation(self):
        made = self.record()
        self.made("/v1/evaluations/records", made)
        return made["provenance"]["id"]

    def record(self):
        """A report that was made elsewhere, under an id of its own."""
        return self.report | {"provenance": self.report["provenance"] | {"id": uuid4().hex}}

    def new_source(self):
        body = {"kind": "folder", "name": uuid4().hex, "collection": "closed", "arguments": {"path": str(self.folder)}}
        return self.made("/v1/sources", body)["id"]

    def new_upload(self, collection="closed", by="curator", length=20):
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": tus_metadata(collection)}
        response = self.clients[by].post("/v1/uploads", headers=headers)
        assert response.status_code == 201, response.text
        return response.headers["Location"].rpartition("/")[2]

    def new_approval(self):
        body = {"action": "train", "subject": uuid4().hex, "reason": "a test"}
        return self.made("/v1/approvals", body, by="second administrator")["id"]

    def stop_trial(self):
        self.local.delete("/v1/learning/trial")

    def new_document(self):
        name = f"spare-{uuid4().hex}.txt"
        self.uploaded("closed", {name: f"Spare words of {name}, which are of no use to anybody."})
        return self.document(name)

    def sign_in_again(self):
        client = self.clients["administrator, cookie"]
        client.cookies.clear()
        asked = {"name": slug("administrator, cookie"), "password": PASSWORD}
        client.headers["X-CSRF-Token"] = checked(client.post("/v1/session", json=asked))["csrf_token"]

    def erasing(self):
        user_id = self.new_user()
        return {"kind": "user", "subject": user_id, "confirm": user_id}

    def version_of(self, path):
        return checked(self.local.get(path))["version"]


def slug(role):
    """The name with which a role signs in."""
    return role.replace(",", "").replace(" ", "-")


def tus_metadata(collection):
    pairs = {"filename": "part.txt", "collection": collection}
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())


@contextmanager
def furnished(folder):
    """Run the server."""
    (folder / "shelf").mkdir()
    (folder / "shelf" / "lease.md").write_text("# Lease\n\nThe rent is 900 a month.\n")
    settings = Settings(
        data_dir=folder / "data",
        source_folders=(str(folder / "shelf"),),
        abstain_below=0,
        disk_reserve_bytes=0,
        user_requests_per_minute=0,
        credential_requests_per_minute=0,
        address_requests_per_minute=0,
    )
    with serving(settings) as local, ExitStack() as stack:
        house = House(local, folder / "shelf")
        house.clients["local"] = local
        _cast(house, stack)
        _documents(house)
        _belongings(house)
        house.ids["candidate"] = _candidate(settings)
        house.ids["training"] = _training(settings)
        yield house


def _client(house, stack, **more):
    client = httpx.Client(base_url=house.local.base_url, timeout=120, trust_env=False, **more)
    return stack.enter_context(client)


def _user(house, name, **more):
    return house.made("/v1/users", {"name": slug(name), "password": PASSWORD} | more)["id"]


def _key(house, user, scopes=ALL, **more):
    return house.made(f"/v1/users/{house.ids[user]}/keys", {"name": "test", "scopes": scopes} | more)


def _cast(house, stack):
    house.made("/v1/collections", {"name": "open"})
    for name in ("reader", "owner", "curator elsewhere", "curator", "suspended"):
        house.ids[name] = _user(house, name)
    for name in ("administrator", "second administrator", "administrator, cookie"):
        house.ids[name] = _user(house, name, administrator=True)
    house.ids["group"] = house.made("/v1/groups", {"name": "insiders"})["id"]
    checked(house.local.put(f"/v1/groups/{house.ids['group']}/members/{house.ids['owner']}"))
    closed = {"readers": [f"g:{house.ids['group']}"], "curators": [f"u:{house.ids['curator']}"]}
    house.made("/v1/collections", {"name": "closed"} | closed)
    house.made("/v1/collections", {"name": "elsewhere", "curators": [f"u:{house.ids['curator elsewhere']}"]})

    def bearing(role, secret):
        house.clients[role] = _client(house, stack, headers={"Authorization": f"Bearer {secret}"})

    house.clients["anonymous"] = _client(house, stack)
    bearing("forged key", "attune_" + "x" * 43)
    bearing("truncated key", _key(house, "administrator")["key"][:-1])
    for role in ("reader", "owner", "curator elsewhere", "curator", "administrator", "second administrator"):
        made = _key(house, role)
        house.ids[f"key of {role}"] = made["id"]
        bearing(role, made["key"])
    for user in ("curator", "administrator"):
        bearing(f"{user}, key to ask", _key(house, user, ["ask"])["key"])
    revoked = _key(house, "administrator")
    checked(house.local.delete(f"/v1/keys/{revoked['id']}"))
    bearing("revoked key", revoked["key"])
    bearing("expired key", _key(house, "administrator", expires_in_days=1e-9)["key"])
    bearing("suspended", _key(house, "suspended")["key"])

    def signed_in(role, user, **headers):
        client = _client(house, stack)
        session = checked(client.post("/v1/session", json={"name": slug(user), "password": PASSWORD}))
        client.headers["X-CSRF-Token"] = session["csrf_token"]
        client.headers.update(headers)
        house.clients[role] = client
        return client

    signed_in("administrator, cookie", "administrator, cookie")
    del signed_in("cookie without CSRF token", "administrator").headers["X-CSRF-Token"]
    signed_in("cookie sent by another site", "administrator", Origin="https://evil.example")
    checked(signed_in("ended session", "administrator").delete("/v1/session"))
    house.clients["ended session"].cookies.set("attune_session", "x" * 43)
    house.ids["session"] = checked(house.local.get(f"/v1/users/{house.ids['administrator']}/sessions"))["sessions"][0][
        "id"
    ]
    signed_in("suspended, cookie", "suspended")
    checked(house.local.patch(f"/v1/users/{house.ids['suspended']}", json={"suspended": True}))
    # A wrong key is not made good by a cookie.
    both = signed_in("wrong key with a good cookie", "administrator")
    both.headers["Authorization"] = "Bearer wrong"


def _documents(house):
    house.uploaded("open", {"public.md": "# Watering\n\nRoses are watered daily in the garden."})
    house.ids["run"] = house.uploaded("closed", {"hidden.md": "# Payroll\n\nZebra salaries are paid on the 25th."})
    house.uploaded("open", {"private.md": "# Diary\n\nGiraffes dream of acacia."}, access=f'["u:{house.ids["owner"]}"]')
    house.uploaded("elsewhere", {"tulips.md": "# Tulips\n\nTulips bloom in April."})
    house.ids |= {name: house.document(f"{name}.md") for name in ("public", "hidden", "private")}
    policy = {"actions": {"personal": "quarantine"}}
    checked(house.local.put("/v1/collections/closed/policy", json=policy))
    names = {f"mail{n}.txt": f"Write to ann.berg{n}@example.com about matter {n}." for n in range(6)}
    sent = [("files", (name, text.encode(), "text/plain")) for name, text in names.items()]
    checked(house.local.post("/v1/documents", files=sent, data={"collection": "closed"}))
    held = checked(house.local.get("/v1/collections/closed/quarantine"))["documents"]
    house.held = [one["id"] for one in held]
    assert len(house.held) == 6
    house.ids["held"] = house.held.pop()


def _candidate(settings):
    engine = open_engine(settings.catalog_url)
    try:
        return candidate(engine, settings.data_dir)
    finally:
        engine.dispose()


def _belongings(house):
    asked = {"question": "When are zebra salaries paid?", "conversation_id": "new"}
    answer = house.made("/v1/answers", asked, by="owner")
    assert answer["citations"][0]["document_id"] == house.ids["hidden"]
    house.ids["interaction"], house.ids["conversation"] = answer["interaction_id"], answer["conversation_id"]
    house.ids |= {"revision": answer["citations"][0]["revision_id"], "chunk": answer["citations"][0]["chunk_id"]}
    asked = {"question": "When do tulips bloom?", "collection": "elsewhere"}
    another = house.made("/v1/answers", asked, by="owner")["interaction_id"]
    house.ids["feedback"] = house.made(f"/v1/answers/{another}/feedback", {"verdict": "up"}, by="owner")["id"]
    house.ids["question of tulips"] = another
    house.made("/v1/answers", asked, by="owner")  # what was asked twice is asked most
    house.made("/v1/review/queue", {"kinds": ["most_asked"]}, by="curator elsewhere")
    house.ids["task"] = checked(house.clients["curator elsewhere"].get("/v1/review/queue/next"))["task"]["id"]
    house.ids["assistant"] = house.new_assistant()
    house.ids["golden"] = house.new_golden_set()
    body = {"set": house.ids["golden"], "kind": "retrieval", "collection": "open"}
    with house.local.stream("POST", "/v1/evaluations", json=body) as response:
        last = list(events(response))[-1]
    assert last[0] == "done", last
    house.report = last[1]
    house.ids["evaluation"] = house.report["provenance"]["id"]
    house.ids["source"] = house.new_source()
    house.ids["upload"] = house.new_upload()
    house.ids["approval"] = house.new_approval()
    house.ids["erasure"] = house.made("/v1/erasures", house.erasing())["id"]
    house.ids |= {"closed": "closed", "attune/closed": "attune/closed", "question": "q1", "10": "10"}


def _training(settings):
    """Note a training that has ended."""
    engine = open_engine(settings.catalog_url)
    try:
        runs = TrainingRuns(engine)
        run = runs.ask([], by="u:nobody")
        runs.start(run.id)
        runs.finish(run.id, "done")
        return run.id
    finally:
        engine.dispose()
