"""A judge model beside people, on a real server with a real model behind an OpenAI-compatible API."""

import pytest

from app.owner import checked, events, serving
from app.settings import Settings

PAGES = {
    "leave.md": "# Leave\n\nEvery employee may be away for 27 days a year and is paid as usual.\n",
    "laptop.md": "# Equipment\n\nA broken laptop goes to the help desk on the second floor.\n",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory, model_server, parrot, ingest):
    """A server whose judge finds everything good, with two answers: one that people liked and one that they did not."""
    home = tmp_path_factory.mktemp("judged")
    for name, text in PAGES.items():
        (home / name).write_text(text)
    settings = Settings(
        data_dir=home / "data", judge_url=model_server, judge_model=str(parrot("YES")), abstain_below=0.0
    )
    with serving(settings) as client:
        assert ingest(client, *(home / name for name in PAGES))["state"] == "done"
        for question, verdict in (("How many days may I be away?", "up"), ("Where does a broken laptop go?", "down")):
            answer = checked(client.post("/v1/answers", json={"question": question}))
            said = client.post(f"/v1/answers/{answer['interaction_id']}/feedback", json={"verdict": verdict})
            assert said.is_success, said.text
        yield client


def agreement(client, **parameters):
    with client.stream("POST", "/v1/evaluations/agreement", params=parameters) as response:
        return list(events(response))


def test_the_judge_is_held_against_the_thumbs_of_people(judged):
    news = agreement(judged)
    assert [event for name, event in news if name == "progress"][-1] == {"stage": "judging", "done": 2, "total": 2}
    name, found = news[-1]
    # It says yes to both, people to one: they agree on half, which is what chance gives.
    assert (name, found["n"], found["share"], found["kappa"]) == ("done", 2, 0.5, 0.0)


def test_only_the_newest_thumbs_are_looked_at_when_asked_to(judged):
    name, found = agreement(judged, limit=1)[-1]
    # The last thumb was down, and the judge said yes.
    assert (name, found["n"], found["share"]) == ("done", 1, 0.0)


def test_an_answer_from_a_document_that_is_gone_is_not_sent_to_the_judge(judged):
    documents = checked(judged.get("/v1/documents"))["documents"]
    laptop = next(entry["id"] for entry in documents if entry["uri"].endswith("laptop.md"))
    assert judged.delete(f"/v1/documents/{laptop}").status_code == 204
    name, found = agreement(judged)[-1]
    # Both answers saw both documents.
    assert (name, found["n"], found["share"]) == ("done", 0, None)
