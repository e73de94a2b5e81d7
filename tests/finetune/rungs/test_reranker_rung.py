"""A cross-encoder is taught by what everybody may read, told from what the search finds."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from finetune.artifact import RERANKER
from finetune.cross import SCHEDULE
from finetune.rungs.embedder import lesson_of
from finetune.rungs.reranker import AdaptedReranker, found_by
from finetune.types import Parts
from retrieval.errors import InvalidInputError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.rerank import CrossEncoderReranker
from tests import cross_encoder

ONE = replace(SCHEDULE, epochs=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return cross_encoder.save(tmp_path_factory.mktemp("model"), ["question", "Title", *(f"chunk{n}" for n in range(9))])


@pytest.fixture
def judging(lab, model):
    """The laboratory of a server with a cross-encoder."""
    return replace(lab, base=replace(lab.base, reranker=CrossEncoderReranker(model, device="cpu")))


def test_an_adapter_of_the_server_s_cross_encoder_is_written(judging, model, examples, tmp_path):
    before = Parts(reach=0.5)
    rung = AdaptedReranker(model, tmp_path / "made", schedule=ONE)
    parts = rung.fit(examples(range(4), 2), judging, before=before, seed=1)
    assert (parts.reranker, parts.reach) == (RERANKER, before.reach)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [CONFIG, WEIGHTS]
    config = json.loads((tmp_path / "made" / CONFIG).read_bytes())
    assert config["base_model_name_or_path"] == judging.base.reranker.fingerprint


def test_answers_are_told_from_what_the_search_finds_first_and_surely_is_none(judging, world, example):
    (question,) = world.asked(3)
    numbers = {sha256(f"chunk{number}".encode()).hexdigest(): number for number in range(60)}
    lesson = lesson_of([example(question, 3)], judging, hard=5, order=found_by(judging))
    found = judging.base.candidates(question, principal=judging.principal, limit=50)
    cosines = dict(zip(judging.chunk_ids, judging.vectors @ judging.encode([question])[0], strict=True))
    of = {key: numbers[anchor.text_sha256] for key, anchor in zip(judging.chunk_ids, judging.anchors, strict=True)}
    right = next(cosines[key] for key, number in of.items() if number == 3)
    wanted = [of[one.chunk_id] for one, _ in found if 0 < cosines[one.chunk_id] < 0.95 * right][:5]
    assert len(wanted) == 5
    assert [int(lesson.passages[place].rpartition("chunk")[2]) for place in lesson.hard[0]] == wanted


def test_where_nothing_open_is_labelled_nothing_is_made(judging, model, examples, tmp_path):
    closed = replace(judging, open=np.zeros_like(judging.open))
    rung = AdaptedReranker(model, tmp_path / "made", schedule=ONE)
    assert rung.fit(examples(range(2), 1), closed, before=Parts(), seed=1).reranker is None
    assert not (tmp_path / "made").exists()


def test_without_a_cross_encoder_there_is_nothing_to_adapt(lab, model, examples, tmp_path):
    with pytest.raises(InvalidInputError, match="where a cross-encoder reranks"):
        AdaptedReranker(model, tmp_path).fit(examples(range(2), 1), lab, before=Parts(), seed=1)
