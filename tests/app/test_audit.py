"""The audit log over HTTP and on the command line: what people do is in it, and what is in it can be checked."""

import json

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.audit_log import AuditLog
from app.auth import LOCAL, Caller
from app.commands.audit import audit
from app.owner import checked


def events(server, **wanted):
    return checked(server.get("/v1/audit", params=wanted))["events"]


def test_what_was_done_is_listed_the_newest_first(server, make_key):
    make_key(server, "somebody-new")
    found = events(server, action="user", limit=1000)
    assert {"user.create"} <= {event["action"] for event in found}
    assert [event["seq"] for event in found] == sorted((event["seq"] for event in found), reverse=True)
    assert {event["actor"] for event in found} == {LOCAL.id}


def test_pages_follow_each_other(server):
    whole = events(server, limit=1000)
    first = checked(server.get("/v1/audit", params={"limit": 2}))
    second = checked(server.get("/v1/audit", params={"limit": 2, "before": first["next"]}))
    seqs = [event["seq"] for event in first["events"] + second["events"]]
    assert seqs == sorted(seqs, reverse=True)
    assert len({event["seq"] for event in whole}) == len(whole)


def test_an_export_ends_with_its_head_and_is_itself_noted(server):
    lines = server.get("/v1/audit/export").text.splitlines()
    *exported, head = map(json.loads, lines)
    assert head == {"head": f"{exported[-1]['seq']}:{exported[-1]['sha256']}"}
    assert [event["seq"] for event in exported] == list(range(1, len(exported) + 1))
    assert exported[-1]["action"] == "audit.export"
    found = checked(server.get("/v1/audit/verification", params=head))
    assert (found["holds"], found["faults"], head["head"] in found["compared"]) == (True, [], True)


def test_a_head_that_was_never_there_is_told_of(server):
    head = f"9999999:{'0' * 64}"
    found = checked(server.get("/v1/audit/verification", params={"head": head}))
    assert (found["holds"], [fault["kind"] for fault in found["faults"]]) == (False, ["cut_off"])
    assert server.get("/v1/audit/verification", params={"head": "x"}).status_code == 422


@pytest.fixture
def verified(tmp_path, sqlite_url, open_database):
    """Run ``attune audit verify`` on a catalog with three events, some of them tampered with; gives code and words."""
    engine = open_database(sqlite_url)
    for number in range(3):
        AuditLog(engine).append("document.open", f"document:{number}")

    def verified(*statements, options=()):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        environment = {"ATTUNE_DATA_DIR": str(tmp_path), "ATTUNE_DATABASE_URL": None}
        done = CliRunner().invoke(audit, ["verify", "--json", *options], env=environment)
        return done.exit_code, json.loads(done.stdout)

    return verified


def test_a_command_verifies_the_log_without_a_server(verified, tmp_path):
    code, body = verified()
    assert (code, body["holds"], body["events"]) == (0, True, 3)
    assert not (tmp_path / "server.json").exists()
    head = body["head"]
    assert verified(options=["--head", head])[1]["compared"] == [head]


def test_a_command_ends_with_1_where_an_event_is_gone(verified):
    gone = ("DROP TRIGGER audit_events_no_delete", "DELETE FROM audit_events WHERE seq = 2")
    code, body = verified(*gone)
    assert (code, [(fault["kind"], fault["seq"]) for fault in body["faults"]]) == (1, [("missing", 2)])


@pytest.mark.parametrize("path", ["/v1/audit", "/v1/audit/export", "/v1/audit/verification"])
def test_only_administrators_read_it(server, make_key, path):
    headers = {"Authorization": f"Bearer {make_key(server, f'reader-of-{path[4:].replace(chr(47), chr(45))}')}"}
    assert server.get(path, headers=headers).status_code == 403


def test_an_administrator_who_opens_the_answer_of_somebody_else_is_noted(server, make_key):
    mine = {"Authorization": f"Bearer {make_key(server, 'asker-of-answers')}"}
    question = {"question": "How many days of annual leave do I get?"}
    answer = checked(server.post("/v1/answers", json=question, headers=mine))["interaction_id"]
    checked(server.get(f"/v1/answers/{answer}", headers=mine))
    assert events(server, object=f"answer:{answer}") == []
    checked(server.get(f"/v1/answers/{answer}"))
    (event,) = events(server, object=f"answer:{answer}")
    assert (event["action"], event["actor"], event["credential"]) == ("answer.open", LOCAL.id, "local")


def test_what_happens_to_conversations_and_golden_sets_is_noted_without_words(server, make_key):
    mine = {"Authorization": f"Bearer {make_key(server, 'leader-of-conversations')}"}
    key = checked(server.post("/v1/conversations", json={"title": "Zanzibar"}, headers=mine))["id"]
    server.get(f"/v1/conversations/{key}/export", headers=mine)
    server.delete(f"/v1/conversations/{key}", headers=mine)
    done = [event["action"] for event in events(server, object=f"conversation:{key}")]
    assert done == ["conversation.delete", "conversation.export"]
    written = {"questions": [{"_id": "q", "text": "Where is Zanzibar?"}]}
    checked(server.post("/v1/golden-sets/audited", json=written))
    checked(server.patch("/v1/golden-sets/audited/questions/q", json={"action": "reject"}))
    server.delete("/v1/golden-sets/audited")
    done = [event["action"] for event in events(server, object="golden:audited")]
    assert done == ["golden.delete", "golden.review", "golden.write"]
    assert "Zanzibar" not in server.get("/v1/audit", params={"limit": 1000}).text


def test_somebody_without_a_name_has_no_actor(open_database, sqlite_url):
    log = AuditLog(open_database(sqlite_url))
    log.append("session.refused", "session", caller=None)
    log.append("session.begin", "session:1", caller=Caller(LOCAL, "local", "::1"))
    assert [(event.actor, event.address) for event in log.events()] == [("", ""), (LOCAL.id, "::1")]
