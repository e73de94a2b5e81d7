"""Candidates on disk, and files that are not what was written."""

import errno
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune import sealed
from finetune.artifact import ADAPTER, EMBEDDER, MANIFEST, QUESTIONS, ROWS, Artifacts, Recipe
from finetune.types import Anchor, MemoryRow, Parts
from retrieval.errors import ModelError, NotFoundError, StorageFullError
from retrieval.learned import Weights
from retrieval.ranking import Ranking

DIM = 3
RECIPE = Recipe("memory", ("memory",), "set-1", "base-1", 7)


def parts():
    rows = [MemoryRow(f"e{n}", Anchor("d", f"{n:064x}"), weight) for n, weight in enumerate((1.0, -0.5))]
    questions = np.eye(2, DIM, dtype=np.float32)
    adapter = np.arange(9, dtype=np.float32).reshape(DIM, DIM) / 100
    return Parts(adapter, rows, questions, 0.5, Weights(0.7, 0.1))


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(tmp_path / "candidates")


@pytest.fixture
def candidate(artifacts):
    return artifacts.write(parts(), RECIPE)[0]


def read(artifacts, candidate, **other):
    return artifacts.read(candidate, **{"base": "base-1", "dim": DIM} | other)


def test_what_was_written_is_read(artifacts, candidate):
    found, wanted = read(artifacts, candidate), parts()
    assert np.array_equal(found.adapter, wanted.adapter)
    assert np.array_equal(found.questions, wanted.questions)
    assert list(found.memory) == list(wanted.memory)
    assert (found.reach, found.weights) == (0.5, Weights(0.7, 0.1))


def test_the_same_is_kept_once_and_what_differs_has_another_name(artifacts, candidate):
    assert artifacts.write(parts(), RECIPE)[0] == candidate
    other = Recipe("memory", ("memory",), "set-2", "base-1", 7)
    assert artifacts.write(parts(), other)[0] != candidate
    assert len(list(artifacts.folder.iterdir())) == 2


def test_a_candidate_of_weights_alone_needs_no_numbers(artifacts):
    made, manifest = artifacts.write(Parts(weights=Weights(0.4)), RECIPE)
    assert manifest["files"] == {}
    assert read(artifacts, made).weights == Weights(0.4)


RANKING = Ranking("sentences", (0.5,) * 5, (0.25,) * 5, (0.1, -0.2, 0.0, 1 / 3, 1e-9))


def test_a_ranking_is_read_to_the_last_bit(artifacts):
    made, _ = artifacts.write(Parts(ranking=RANKING), RECIPE)
    assert read(artifacts, made).ranking == RANKING


@pytest.mark.parametrize(
    "harm", [{"means": (0.5,)}, {"weights": (0.1,) * 4}, {"scales": (0.25, 0.25, 0.25, 0.25, 0.0)}]
)
def test_a_ranking_of_another_shape_is_refused(artifacts, harm):
    made, _ = artifacts.write(Parts(ranking=replace(RANKING, **harm)), RECIPE)
    with pytest.raises(ModelError, match="ranking"):
        read(artifacts, made)


@pytest.mark.usefixtures("candidate")
def test_its_files_are_for_its_user_alone(artifacts):
    modes = {path.stat().st_mode & 0o077 for path in [artifacts.folder, *artifacts.folder.rglob("*")]}
    assert modes == {0}


def test_the_manifest_names_what_it_was_made_of(artifacts, candidate):
    manifest = artifacts.manifest(candidate)
    assert (manifest["training_set"], manifest["base"], manifest["dim"]) == ("set-1", "base-1", DIM)
    assert set(manifest["files"]) == {ADAPTER, QUESTIONS, ROWS}


@pytest.mark.parametrize("other", [{"base": "another"}, {"dim": 4}])
def test_one_of_another_embedder_is_refused(artifacts, candidate, other):
    with pytest.raises(ModelError, match="was made for"):
        read(artifacts, candidate, **other)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def turned(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def gone(path):
    path.unlink()


def led_elsewhere(path):
    moved = path.rename(path.parent.parent / path.name)
    path.symlink_to(moved)


@pytest.mark.parametrize("file", [ADAPTER, QUESTIONS, ROWS, MANIFEST])
@pytest.mark.parametrize("harm", [cut, turned, gone, led_elsewhere])
def test_a_file_that_is_not_what_was_written_is_refused(artifacts, candidate, file, harm):
    harm(artifacts.folder / candidate / file)
    if file == MANIFEST and harm is led_elsewhere:
        # Its content is what is checked, wherever it lies.
        assert artifacts.manifest(candidate)
        return
    with pytest.raises(ModelError):
        read(artifacts, candidate)


@pytest.mark.parametrize("file", [ADAPTER, QUESTIONS, ROWS, MANIFEST])
@pytest.mark.parametrize("harm", [cut, turned, gone])
def test_what_is_damaged_is_whole_again_once_it_is_made_again(artifacts, candidate, file, harm):
    harm(artifacts.folder / candidate / file)
    assert artifacts.write(parts(), RECIPE)[0] == candidate
    assert read(artifacts, candidate).reach == parts().reach
    assert [path.name for path in artifacts.folder.iterdir()] == [candidate]


@pytest.mark.parametrize("name", ["surplus.json", "weights.pt", "embedder/model.bin"])
def test_a_surplus_file_is_refused(artifacts, candidate, name):
    path = artifacts.folder / candidate / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match="does not name"):
        read(artifacts, candidate)


def test_pickles_of_an_embedder_are_not_taken_in(artifacts, tmp_path):
    (tmp_path / "training_args.bin").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match="only safetensors and JSON"):
        artifacts.write(Parts(embedder="embedder"), RECIPE, folders={EMBEDDER: tmp_path})
    assert list(artifacts.folder.iterdir()) == []


def test_an_adapted_embedder_is_kept_with_the_rest(artifacts, tmp_path):
    source = tmp_path / "made"
    source.mkdir()
    (source / "adapter_config.json").write_text("{}")
    made, manifest = artifacts.write(Parts(embedder="anywhere"), RECIPE, folders={EMBEDDER: source})
    assert list(manifest["files"]) == ["embedder/adapter_config.json"]
    found = read(artifacts, made).embedder
    assert (artifacts.path(made) / found / "adapter_config.json").read_text() == "{}"


def rewritten(artifacts, candidate, change):
    """A candidate whose hashes are all right, made by hand."""
    import hashlib

    folder = artifacts.folder / candidate
    manifest = json.loads((folder / MANIFEST).read_text())
    change(folder, manifest)
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    content = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(content)
    name = hashlib.sha256(content).hexdigest()
    folder.rename(artifacts.folder / name)
    return name


def adapter_of(array):
    from safetensors.numpy import save

    return lambda folder, _: (folder / ADAPTER).write_bytes(save({"adapter": array}))


@pytest.mark.parametrize(
    "change",
    [
        adapter_of(np.zeros((2, 2), np.float32)),
        adapter_of(np.full((DIM, DIM), np.nan, np.float32)),
        adapter_of(np.zeros((DIM, DIM), np.float64)),
        lambda folder, _: (folder / ADAPTER).write_bytes(pickle.dumps({"a": 1})),
        lambda folder, _: (folder / ROWS).write_text('{"example": "e"}\n'),
        lambda folder, _: (folder / ROWS).write_text("no JSON\n"),
        lambda _, manifest: manifest.pop("weights"),
        lambda _, manifest: manifest.update(format=2),
    ],
)
def test_what_was_written_by_somebody_else_is_held_to_the_same(artifacts, candidate, change):
    made = rewritten(artifacts, candidate, change)
    with pytest.raises(ModelError):
        read(artifacts, made)


@pytest.mark.usefixtures("candidate")
@pytest.mark.parametrize("name", ["0" * 64, "../candidates", "", "a/b"])
def test_there_are_no_others(artifacts, name):
    with pytest.raises(NotFoundError):
        read(artifacts, name)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_disk_that_fills_leaves_nothing_half_made(artifacts, monkeypatch, at):
    writes = []

    def full(path, content):
        writes.append(path)
        if len(writes) == at:
            path.write_bytes(content[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr("finetune.artifact.write", full)
    with pytest.raises(StorageFullError):
        artifacts.write(parts(), RECIPE)
    assert list(artifacts.folder.iterdir()) == []


def test_what_a_killed_process_left_is_swept(artifacts, candidate):
    (artifacts.folder / ".abc.part").mkdir()
    assert artifacts.sweep() == 1
    assert [path.name for path in artifacts.folder.iterdir()] == [candidate]


def test_removing_takes_that_one(artifacts, candidate):
    other = artifacts.write(Parts(), RECIPE)[0]
    artifacts.remove(candidate)
    artifacts.remove(candidate)
    artifacts.remove("..")
    assert [path.name for path in artifacts.folder.iterdir()] == [other]


def test_a_file_cannot_be_written_twice(tmp_path: Path):
    sealed.write(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        sealed.write(tmp_path / "a", b"2")
