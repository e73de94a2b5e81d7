"""Several people on a real server, and what they do with documents."""

import httpx

from app.owner import checked, events


class World:
    """A server with people; ``local`` is a command on its machine, the others ask with keys."""

    def __init__(self, local, stack):
        self.local = local
        self.ids = {}
        self.groups = {}
        self._stack = stack

    def person(self, name, *, scopes=("ask", "curate"), groups=(), **more):
        user = checked(self.local.post("/v1/users", json={"name": name} | more))
        self.ids[name] = user["id"]
        for group in groups:
            self.join(group, name)
        return self.client(name, scopes=scopes)

    def client(self, name, *, scopes=("ask", "curate")):
        made = self.local.post(f"/v1/users/{self.ids[name]}/keys", json={"name": "test", "scopes": list(scopes)})
        headers = {"Authorization": f"Bearer {checked(made)['key']}"}
        return self._stack.enter_context(httpx.Client(base_url=self.local.base_url, headers=headers, timeout=180))

    def group(self, name):
        self.groups[name] = f"g:{checked(self.local.post('/v1/groups', json={'name': name}))['id']}"
        return self.groups[name]

    def join(self, group, name):
        path = f"/v1/groups/{self.groups[group][2:]}/members/{self.ids[name]}"
        assert self.local.put(path).status_code == 204

    def key(self, name):
        return f"u:{self.ids[name]}"


def upload(client, name, text, *, collection="papers", **form):
    """Upload a text and give its document as those see it who look after the collection."""
    files = [("files", (name, text.encode(), "text/plain"))]
    form |= {"collection": collection, "wait": "false"}
    run = ended(client, checked(client.post("/v1/documents", files=files, data=form)))
    assert (run["state"], run["failures"]) == ("done", [])
    found = managed(client, collection)
    return next(one for one in found if one["uri"] == f"upload:{name}")


def ended(client, run):
    """Follow a run to its end, however busy the machine is; gives it."""
    with client.stream("GET", f"/v1/ingestions/{run['id']}/events", timeout=600) as response:
        return list(events(response))[-1][1]


def managed(client, collection="papers"):
    parameters = {"collection": collection, "managed": True, "limit": 1000}
    return checked(client.get("/v1/documents", params=parameters))["documents"]


def set_access(client, document, access, *, version=None):
    version = document["access_version"] if version is None else version
    body = {"access": access, "version": version}
    return client.put(f"/v1/documents/{document['id']}/access", json=body)


def reads(client, document):
    """Tell whether a client may read a document, by every route that shows one; they all have to say the same."""
    said = {
        "open": client.get(f"/v1/documents/{document['id']}").status_code == 200,
        "original": client.get(f"/v1/documents/{document['id']}/original").status_code == 200,
        "findings": client.get(f"/v1/documents/{document['id']}/findings").status_code == 200,
        "list": document["id"] in {d["id"] for d in checked(client.get("/v1/documents?limit=1000"))["documents"]},
        "search": document["id"] in found(client, document["title"]),
    }
    assert len(set(said.values())) == 1, said
    return said["open"]


def found(client, words):
    results = checked(client.post("/v1/search", json={"question": words, "limit": 50}))["results"]
    return {passage["document_id"] for passage in results}
