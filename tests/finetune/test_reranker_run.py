"""A reranker is trained once, measured, serves, is refused where it does not fit, and goes back bit for bit."""

import gc
import weakref
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from finetune import labs
from finetune.artifact import RERANKER, Artifacts, Recipe
from finetune.course import Kept, Means, Reranking
from finetune.cross import SCHEDULE, adapted_reranker
from finetune.registry import Made, Registry
from finetune.reporting import Silent
from finetune.rerankers import Rerankers
from finetune.runs import TrainingRuns
from finetune.serving import ServingState
from finetune.sets import TrainingSets
from finetune.train import train
from finetune.trials import Trials
from finetune.types import Parts
from retrieval.generators.adapter_files import WEIGHTS
from retrieval.learned import NOTHING
from retrieval.rerank import CrossEncoderReranker
from retrieval.types import EVERYONE, Principal
from tests import cross_encoder

READER = Principal("u:reader", frozenset({EVERYONE}))
ANSWERING, ASKED = 10, 26  # the first chunks answer everything; so often each
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    words = ["question", "Title", *(f"chunk{n}" for n in range(60))]
    return cross_encoder.save(tmp_path_factory.mktemp("model"), words, spread=0.3)


@pytest.fixture
def judging(lab, model):
    """The laboratory of a server with a cross-encoder."""
    base = replace(lab.base, reranker=CrossEncoderReranker(model, device="cpu"), rerank_depth=12)
    return replace(lab, base=base)


@pytest.fixture
def kept(world, tmp_path):
    engine, folder = world.catalog.engine, tmp_path / "learning"
    return Kept(TrainingRuns(engine), TrainingSets(engine, folder), Artifacts(folder / "candidates"), Registry(engine))


@pytest.fixture
def means(judging, model, tmp_path, monkeypatch):
    # A model of nothing but random weights has a longer way to go than one that was trained.
    monkeypatch.setattr(labs, "SCHEDULE", replace(SCHEDULE, rate=1e-2, epochs=1))
    reranking = Reranking(model, lambda adapter: adapted_reranker(model, adapter), tmp_path / "adapters", 600.0)
    return Means(
        lab=lambda: nullcontext(judging),
        gather=lambda _: (),
        context=lambda _: None,
        manifest=lambda _: {},
        general=lambda _: [],
        base="toy",
        reporter=Silent(),
        reranking=reranking,
    )


@pytest.fixture
def run(kept, examples):
    """A run over 260 questions, which are frozen."""
    rows = examples(range(ANSWERING), ASKED)
    moments = [BEGAN + timedelta(minutes=n * 7919 % len(rows)) for n in range(len(rows))]
    said = zip(rows, moments, strict=True)
    rows = [replace(row, given_at=at, givers=(f"u:{n % 13}",)) for n, (row, at) in enumerate(said)]
    frozen = kept.sets.freeze(rows, {})
    run = kept.runs.ask(["reranker"], by="u:ann")
    kept.runs.start(run.id)
    kept.runs.froze(run.id, frozen.id)
    return run


def killed(*_, **__):
    raise KeyboardInterrupt


def passed(kept, set_id, adapter):
    """A candidate with an adapter, which may serve."""
    recipe = Recipe("reranker", ("reranker",), set_id, "toy", 2)
    name, manifest = kept.artifacts.write(Parts(reranker=RERANKER), recipe, folders={RERANKER: adapter})
    kept.registry.add(Made(name, "reranker", set_id, manifest))
    kept.registry.judge(name, passed=True, report={}, reason="")
    return name


def state(kept, catalog, embedder, rerankers):
    return ServingState(kept.artifacts, catalog, embedder, Trials(catalog.engine), rerankers=rerankers)


def found(judging, serving, questions):
    retriever = replace(judging.base, learning=serving)
    return [retriever.retrieve(question, principal=READER, limit=12) for question in questions]


def seen(results):
    return [[(passage.chunk.id, passage.score) for passage in passages] for passages in results]


def test_a_reranker_from_feedback_to_serving_and_back(kept, means, run, judging, world, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("finetune.measure_adapted.examine_artifact", killed)
        with pytest.raises(KeyboardInterrupt):
            train(run.id, kept, means)
    # It goes on with what it trained; what that is worth, where all weights are random, is not asked here.
    monkeypatch.setattr("finetune.rungs.reranker.train_cross_encoder", killed)
    ended = train(run.id, kept, means)
    (outcome,) = ended.outcomes
    assert (outcome.rung, outcome.report["recipe"], outcome.report["questions"]) == ("reranker", ["reranker"], 52)
    name = passed(kept, ended.set_id, means.reranking.folder / ended.set_id / RERANKER)

    base = judging.base.reranker
    catalog, embedder, asked = world.catalog, world.embedder, world.asked(1, times=2) + world.asked(7, times=2)
    serving = state(kept, catalog, embedder, Rerankers(base.fingerprint, means.reranking.reranker))
    serving.refresh()
    before = seen(found(judging, serving, asked))
    kept.registry.promote(name, approved_by="u:ann")
    assert serving.refresh().trouble == ""
    after = found(judging, serving, asked)
    assert seen(after) != before
    assert {passage.learnt.state for passages in after for passage in passages} == {name}
    reranker = means.reranking.reranker(kept.artifacts.path(name) / RERANKER)
    by_itself = [reranker.rerank(one, list(passages), vector=None) for one, passages in zip(asked, after, strict=True)]
    assert seen(by_itself) == seen(after)

    refused(kept, name, state(kept, catalog, embedder, Rerankers("another", killed)), "was made for the model")
    refused(kept, name, state(kept, catalog, embedder, Rerankers(None)), "ATTUNE_RERANK")
    weights = kept.artifacts.path(name) / RERANKER / WEIGHTS
    written = weights.read_bytes()
    for damaged in (written[:-1] + bytes([written[-1] ^ 1]), written[: len(written) // 2]):
        weights.write_bytes(damaged)
        fresh = state(kept, catalog, embedder, Rerankers(base.fingerprint, means.reranking.reranker))
        refused(kept, name, fresh, "reranker/adapter_model.safetensors")
        # Nor is it taken in the place of what serves already, when that is looked at again.
        world.publish(100 + len(damaged))
        worn = serving.now.live.reranker
        serving._not_before = 0.0
        assert (serving.refresh().trouble, serving.now.live.reranker) == ("", worn)
        assert serving.now.epoch == catalog.corpus_epoch()
        assert serving.usable(name)
    weights.write_bytes(written)

    worn = weakref.ref(serving.now.live.reranker)
    kept.registry.rollback(name, usable=serving.usable, reason="it was wrong")
    serving.refresh()
    assert serving.now.live == NOTHING
    assert seen(found(judging, serving, asked)) == before

    serving.forget({name})
    gc.collect()
    assert worn() is None


def refused(kept, name, serving, why):
    """A candidate that does not serve, for a reason; nothing learned serves in its place."""
    assert why in serving.refresh().trouble
    assert serving.now.live == NOTHING
    assert not serving.usable(name)
    assert kept.registry.live() == name


def test_where_a_model_takes_no_adapter_the_rung_is_refused_in_words(kept, means, run, tmp_path):
    nowhere = replace(means, reranking=replace(means.reranking, model=tmp_path / "nowhere"))
    (outcome,) = train(run.id, kept, nowhere).outcomes
    assert (outcome.verdict, "cannot load the cross-encoder" in outcome.words) == ("refused", True)


def test_what_the_server_lacks_closes_the_rung(kept, means, run):
    lacking = replace(means, reranking=None, lacks={"reranker": "a cross-encoder: set it"})
    (outcome,) = train(run.id, kept, lacking).outcomes
    assert (outcome.verdict, outcome.words) == ("closed", "reranker: a cross-encoder: set it")
