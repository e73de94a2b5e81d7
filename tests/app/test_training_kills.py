"""The process of a training, killed in every stage: it goes on, and makes what it would have made."""

import shutil
import sys
import time

import pytest

from app.owner import checked, serving
from app.settings import Settings
from app.training_jobs import TrainingJobs
from finetune.artifact import Artifacts
from finetune.registry import Registry
from finetune.runs import TrainingRuns
from tests.app import slang

DEADLINE_S = 1_000.0  # a training gives way to whatever else the machine has to do
pytestmark = pytest.mark.timeout(1_200)

# Each place kills once; the next process passes it.
DYING = """
import importlib, os, sys
from pathlib import Path
from finetune.runs import TrainingRuns

marks, places = Path(sys.argv[1]), sys.argv[2:]

def die_once(place):
    mark = marks / place.replace(" ", "-")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)

def stages(self, run_id, progress, told=TrainingRuns.tell):
    told(self, run_id, progress)
    if progress.stage in places:
        die_once(progress.stage)

TrainingRuns.tell = stages
for place in places:
    module, _, path = place.partition(":")
    if path:
        owner = importlib.import_module(module)
        *classes, name = path.split(".")
        for each in classes:
            owner = getattr(owner, each)
        def dying(*args, done=getattr(owner, name), place=place, **kwargs):
            die_once(place)
            return done(*args, **kwargs)
        setattr(owner, name, dying)
import app.training
sys.exit(app.training.main())
"""

FULL = """
import errno, importlib, sys
module, _, name = sys.argv[2].partition(":")

def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

setattr(importlib.import_module(module), name, full)
import app.training
sys.exit(app.training.main())
"""


@pytest.fixture(scope="module")
def taught(tmp_path_factory, ingest):
    """A data directory of a server that has stopped, with documents and what was said about them."""
    folder = tmp_path_factory.mktemp("taught")
    slang.write(folder / "rules")
    with serving(Settings(data_dir=folder / "data", disk_reserve_bytes=0)) as client:
        assert ingest(client, folder / "rules")["failures"] == []
        listed = checked(client.get("/v1/documents", params={"limit": 100}))["documents"]
        names = {one["uri"].rpartition("/")[2]: one["id"] for one in listed}
        given = [label | {"document": names[label["document"]]} for label in slang.labels()]
        checked(client.post("/v1/feedback/given", json={"source": "slang", "labels": given}))
    return folder / "data"


@pytest.mark.parametrize(
    "places",
    [
        ("opening the laboratory", "making examples"),
        ("finetune.sets:TrainingSets._note", "measuring"),
        ("making", "finetune.artifact:sync"),
        ("finetune.registry:Registry.add", "finetune.registry:Registry.judge"),
    ],
    ids=lambda places: ", ".join(place.rpartition(":")[2] for place in places),
)
def test_a_training_that_is_killed_goes_on_and_leaves_one_whole_candidate(taught, tmp_path, open_database, places):
    ended, marks, engine, learning = trained(taught, tmp_path, open_database, DYING, places)
    assert len(list(marks.iterdir())) == len(places)
    assert (ended.state, [outcome.verdict for outcome in ended.outcomes]) == ("done", ["passed"]), ended
    (candidate,) = Registry(engine).newest()
    assert (candidate.id, candidate.state) == (ended.candidates[0], "passed")
    assert [path.name for path in (learning / "candidates").iterdir()] == [candidate.id]
    assert [path.name for path in (learning / "sets").iterdir()] == [f"{candidate.set_id}.jsonl"]
    assert not (learning / "lab").exists()
    assert Artifacts(learning / "candidates").manifest(candidate.id) == candidate.manifest
    assert Registry(engine).live() is None


@pytest.mark.parametrize("place", ["finetune.sets:sync_directory", "finetune.artifact:write"])
def test_a_disk_that_fills_fails_the_training_in_words_and_leaves_nothing_half_made(
    taught, tmp_path, open_database, place
):
    ended, _, engine, learning = trained(taught, tmp_path, open_database, FULL, [place])
    assert ended.state == "failed"
    assert "no room" in ended.error or "full" in ended.error
    assert Registry(engine).newest() == []
    assert not list(learning.glob("candidates/*"))
    assert len(list(learning.glob("sets/*"))) == (ended.set_id is not None)


def test_where_there_is_no_room_to_train_in_none_begins(taught, tmp_path, open_database):
    reserve = shutil.disk_usage(tmp_path).free
    ended, _, _, learning = trained(taught, tmp_path, open_database, DYING, [], disk_reserve_bytes=reserve)
    assert (ended.state, ended.attempts) == ("failed", 1)
    assert "ATTUNE_DISK_RESERVE_BYTES" in ended.error
    assert not (learning / "lab").exists()


def trained(taught, tmp_path, open_database, code, places, *, disk_reserve_bytes=0):
    """Train memory in a copy of what was taught; gives the run when it has ended, and where things are."""
    data_dir = tmp_path / "data"
    shutil.copytree(taught, data_dir)
    settings = Settings(data_dir=data_dir, disk_reserve_bytes=disk_reserve_bytes)
    engine = open_database(settings.catalog_url)
    runs = TrainingRuns(engine)
    run = runs.ask(["memory"], by="u:ann")
    (marks := tmp_path / "marks").mkdir()
    jobs = TrainingJobs(settings, runs, command=[sys.executable, "-c", code, str(marks), *places])
    jobs.start()
    try:
        deadline = time.monotonic() + DEADLINE_S
        while runs.get(run.id).open:
            assert time.monotonic() < deadline, runs.get(run.id)
            time.sleep(0.2)
    finally:
        jobs.close()
    return runs.get(run.id), marks, engine, data_dir / "learning"
