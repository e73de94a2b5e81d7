"""Forgetting over HTTP, short form of bench/erasure.py: gone from every answer at once, from disk, with a receipt."""

import time

import pytest

from app.answering import Asked, answer
from app.auth import LOCAL, Caller
from app.bootstrap import open_services
from app.checkup import call_doctor
from app.erasure_rows import ErasureRows
from app.forget import Forgetting
from app.identity.users import NewUser
from app.owner import checked, serving
from app.settings import Settings
from bench import erasure
from ingestion.doctor import Doctor
from retrieval.errors import ConflictError
from retrieval.types import Principal, Query


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("erasure") / "data")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return erasure.write(tmp_path_factory.mktemp("stations"), 6)


@pytest.fixture(scope="module")
def client(settings, made):
    with serving(settings) as client:
        erasure.settle(client, made)
        yield client


@pytest.fixture(scope="module")
def gone(client, made, settings):
    """What was forgotten, with the receipts."""
    half = made[:3]
    assert all(erasure.searched(client, one) for one in made)
    assert erasure.on_disk(settings.data_dir, half)
    return dict(zip([one.id for one in half], erasure.forget(client, half), strict=True))


@pytest.mark.usefixtures("gone")
def test_what_was_forgotten_is_told_by_nothing_any_more(client, made):
    words = erasure.told(client, made[:3])
    assert [one.marker for one in made[:3] if one.marker in words] == []
    assert "This answer stood on a document that was erased" in words
    assert "access code of the" in words  # the questions stay


@pytest.mark.usefixtures("gone")
def test_what_was_forgotten_lies_in_no_file(made, settings):
    assert erasure.on_disk(settings.data_dir, made[:3]) == {}
    assert erasure.on_disk(settings.data_dir, made[3:])


@pytest.mark.usefixtures("gone")
def test_the_others_are_found_and_their_answers_stand(client, made):
    for one in made[3:]:
        assert erasure.searched(client, one)
        assert one.marker in client.get(f"/v1/answers/{one.answer}").text
        assert one.marker in client.get(f"/v1/documents/{one.id}").text


def test_a_receipt_counts_what_was_erased_and_names_what_used_it(gone):
    for receipt in gone.values():
        assert receipt["scan"]["left"] == {}
        assert receipt["scan"]["stretches_of_text"] > 0
        assert receipt["erased"]["documents"] == receipt["erased"]["originals"] == 1
        assert min(receipt["erased"][kind] for kind in ("interactions", "chunks", "feedback", "run_items")) >= 1
        assert receipt["used_by"]["golden_sets"] == ["stations"]
        assert len(receipt["used_by"]["evaluation_runs"]) == 1
        assert receipt["compacted"]["catalog"] == "written anew"
        assert "work" not in receipt


def test_receipts_are_kept_and_the_audit_log_names_who_asked(client, gone):
    listed = checked(client.get("/v1/erasures", params={"limit": 2}))
    more = checked(client.get("/v1/erasures", params={"after": listed["next"]}))
    found = listed["erasures"] + more["erasures"]
    assert [one["subject"] for one in found] == list(gone)[::-1]
    assert checked(client.get(f"/v1/erasures/{found[0]['id']}")) == found[0]
    events = checked(client.get("/v1/audit", params={"object": f"erasure:{found[0]['id']}"}))["events"]
    assert [(event["action"], event["actor"]) for event in events] == [
        ("erasure.end", ""),
        ("erasure.begin", "u:local"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "document", "subject": "nobody", "confirm": "nobody"}, 404),
        ({"kind": "user", "subject": "nobody", "confirm": "nobody"}, 404),
        ({"kind": "document", "subject": "a", "confirm": "b"}, 422),
        ({"kind": "document", "subject": "a", "confirm": "a", "anonymise": True}, 422),
        ({"kind": "everything", "subject": "a", "confirm": "a"}, 422),
    ],
)
def test_what_cannot_be_forgotten_is_refused(client, body, status):
    assert client.post("/v1/erasures", json=body).status_code == status


def test_only_administrators_forget(client, make_key):
    reader = {"Authorization": f"Bearer {make_key(client, 'eva')}"}
    assert (
        client.post("/v1/erasures", json={"kind": "user", "subject": "x", "confirm": "x"}, headers=reader).status_code
        == 403
    )
    assert client.get("/v1/erasures", headers=reader).status_code == 403


def asking(client, name, question):
    """Make a user who asks something; gives their id and headers."""
    user = checked(client.post("/v1/users", json={"name": name, "display_name": f"{name.title()} Baker"}))
    key = checked(client.post(f"/v1/users/{user['id']}/keys", json={"name": "k", "scopes": ["ask"]}))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    answer = {"question": question, "conversation_id": "new"}
    asked = checked(client.post("/v1/answers", json=answer, headers=headers))
    said = {"verdict": "up", "answer": "I say it is made of oak."}
    checked(client.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=said, headers=headers))
    return user["id"], headers


def forgotten(client, user_id, **more):
    body = {"kind": "user", "subject": user_id, "confirm": user_id}
    return checked(client.post("/v1/erasures", json=body | more))["receipt"]


def test_a_person_is_forgotten_with_all_they_asked(client, settings):
    words = "Where does the zebra-coloured umbrella of Mister Quill stand?"
    user_id, headers = asking(client, "greta", words)
    receipt = forgotten(client, user_id)
    assert receipt["scan"]["left"] == {}
    assert receipt["scan"]["stretches_of_text"] == 1
    erased = receipt["erased"]
    assert {kind: erased[kind] for kind in ("users", "interactions", "conversations", "keys")} == {
        "users": 1,
        "interactions": 1,
        "conversations": 1,
        "keys": 1,
    }
    assert client.get("/v1/collections", headers=headers).status_code == 401
    on_disk = [path for path in settings.data_dir.rglob("*") if path.is_file() and b"zebra-col" in path.read_bytes()]
    assert on_disk == []


def test_what_another_system_says_of_a_person_by_their_user_name_goes_with_them(client, made):
    user = checked(client.post("/v1/users", json={"name": "ines", "display_name": "Ines Baker"}))
    label = {"question": "Where is the key of the north station?", "document": made[-1].id, "label": 1}
    labels = [label | {"giver": giver} for giver in ("ines", "ines-2", f"u:{user['id']}")]
    checked(client.post("/v1/feedback/given", json={"source": "helpdesk", "labels": labels}))
    assert forgotten(client, user["id"])["erased"]["given_labels"] == 2
    givers = {one["giver"] for one in checked(client.get("/v1/feedback/givers"))["givers"]}
    assert "ines-2" in givers
    assert givers.isdisjoint({"ines", f"u:{user['id']}"})


def test_a_person_can_be_forgotten_and_their_words_kept(client):
    user_id, _ = asking(client, "henry", "I am Henry Baker, henry@example.org: of what are the doors made?")
    receipt = forgotten(client, user_id, anonymise=True)
    assert receipt["scan"]["left"] == {}
    assert receipt["erased"]["anonymised_interactions"] == 1
    kept = [
        one for one in checked(client.get("/v1/feedback"))["feedback"] if one["answer"] == "I say it is made of oak."
    ]
    assert len(kept) == 1
    assert kept[0]["principal_id"] not in {f"u:{user_id}", "u:forgotten"}
    answer = client.get(f"/v1/answers/{kept[0]['interaction_id']}")
    assert answer.is_success


def test_what_was_begun_before_a_kill_is_carried_on_at_the_next_start(tmp_path, made):
    settings = Settings(data_dir=tmp_path / "data")
    one = made[4]
    with serving(settings) as client:
        erasure.settle(client, made[4:])
    with open_services(settings) as services:
        begun = services.erasures.begin("document", one.id, by="u:chief", receipt={})
        services.catalog.tombstone(one.id)
    with serving(settings) as client:
        deadline = time.monotonic() + 120
        while (found := checked(client.get(f"/v1/erasures/{begun.id}")))["finished_at"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert found["receipt"]["scan"]["left"] == {}
        assert one.marker not in erasure.told(client, [one])
    assert erasure.on_disk(settings.data_dir, [one]) == {}


def test_an_answer_that_is_kept_after_the_erasure_is_forgotten_with_it(tmp_path, made):
    settings = Settings(data_dir=tmp_path / "data")
    first, second = made[4:]
    with serving(settings) as client:
        erasure.settle(client, made[4:])
    with open_services(settings) as services:
        services.users.create(NewUser("chief", administrator=True))
        asker = services.users.create(NewUser("ines")).id
        principal = Principal(f"u:{asker}", frozenset({"g:everyone"}))
        forgetting = Forgetting(services, call_doctor(services))
        for kind, subject, one in (("document", first.id, first), ("user", asker, second)):
            ended = []

            def listen(_event, ended=ended, kind=kind, subject=subject):
                if not ended:
                    ended.append(forgetting.forget(kind, subject, caller=Caller(LOCAL, "local")))

            asked = Asked(Query(one.question), Caller(principal, "local"), conversation="new")
            answer(services, asked, listen=listen, left=lambda: False)
            assert ended[0].finished_at is not None
            assert ErasureRows(services.catalog.engine).mentions([subject]) == {}


class BusyDoctor(Doctor):
    """A doctor whose catalog is always read by somebody."""

    def __init__(self):
        self.asked = 0

    def compact(self):
        self.asked += 1
        raise ConflictError("somebody still reads its log")


def test_an_erasure_that_cannot_be_compacted_waits_and_hides_the_document_all_the_same(tmp_path, made):
    settings = Settings(data_dir=tmp_path / "data")
    one = made[4]
    with serving(settings) as client:
        erasure.settle(client, made[4:])
    with open_services(settings) as services:
        caller = Caller(LOCAL, "local")
        with pytest.raises(ConflictError, match="still reads"):
            Forgetting(services, BusyDoctor()).forget("document", one.id, caller=caller)
        (waiting,) = services.erasures.unfinished()
        assert services.catalog.whole(one.id) is None
        assert Forgetting(services, call_doctor(services)).carry_on() == 1
        ended = services.erasures.get(waiting.id)
        assert (ended.finished_at is not None, ended.receipt["scan"]["left"]) == (True, {})
