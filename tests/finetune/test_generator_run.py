"""A training of a language model, from what people said to a candidate that is whole."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from finetune.artifact import GENERATOR, Artifacts, Recipe
from finetune.carry import carried_generator, carried_retrieval, generator_set, retrieval_rungs, retrieval_set
from finetune.course import Course, Kept, Means
from finetune.generator_gate import Names
from finetune.generator_rows import Row, Rows
from finetune.generator_run import _Teacher
from finetune.generator_sets import freeze_rows, manifest_of_rows
from finetune.labs import Labs
from finetune.ladder import Step
from finetune.make import make
from finetune.registry import Made, Registry
from finetune.reporting import Silent
from finetune.runs import Outcome, TrainingRuns
from finetune.sets import TrainingSets
from finetune.teaching import Teaching
from finetune.train import train
from finetune.types import Parts
from finetune.verdict import too_few
from retrieval.generators.adapter_files import base_of
from retrieval.learned import Weights
from tests.candidates import SET, candidate
from tests.pupils import all_but_cites

# peft 0.21 reads it from transformers 5.23.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

BASE = "toy"
REPLY = "Roses are watered daily. [1]"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(parrot):
    return all_but_cites(parrot("Roses are", " watered daily.", " [1]"))


@pytest.fixture
def kept(sqlite_url, open_database, tmp_path):
    engine = open_database(sqlite_url)
    folder = tmp_path / "learning"
    return Kept(TrainingRuns(engine), TrainingSets(engine, folder), Artifacts(folder / "candidates"), Registry(engine))


def row(number):
    question = f"What of roses {number}?"
    told = f"<<>>\n[1] Garden\nRoses are watered daily.\n<<>>\n{question}"
    return Row(
        (("system", "Cite."), ("user", told)),
        REPLY,
        sources=(f"f{number:03}", f"i{number:03}"),
        people=("u:ann",),
        question=question,
        documents=(f"d{number % 5}",),
        passages=1,
        given_at=BEGAN + timedelta(hours=number),
    )


def corrected(count):
    return Rows(tuple(row(number) for number in range(count)))


def apart(questions):
    return np.eye(len(questions), dtype=np.float32)


def means(model, rows, tmp_path, **more):
    def manifest(some):
        return manifest_of_rows(some, model=base_of(model), template="answer-2", corpus_epoch=1, scrub="", seed=1)

    teaching = Teaching(model, lambda: rows, apart, manifest, tmp_path / "adapters", 600.0, "cpu", 1024, 16)
    nothing = dict.fromkeys(("lab", "gather", "context", "manifest", "general"))
    return Means(**nothing, base=BASE, reporter=Silent(), **({"teaching": teaching} | more))


def trained(kept, given):
    run = kept.runs.ask(["generator"], by="u:ann")
    kept.runs.start(run.id)
    return train(run.id, kept, given)


def test_what_corrections_teach_becomes_a_candidate_that_passed(kept, model, tmp_path):
    # The same rows were frozen before, while the server had another model.
    freeze_rows(kept.sets, corrected(125), {"kind": "generator", "model": "another", "versions": {}})
    run = trained(kept, means(model, corrected(125), tmp_path))
    (outcome,) = run.outcomes
    assert (run.state, outcome.verdict) == ("done", "passed"), outcome.words
    # A fifth is held out, and none of those was cited before.
    assert outcome.report["questions"] == 25
    assert "citations +1.0000 to 1.0000" in outcome.words
    made = kept.registry.get(outcome.candidate)
    assert (made.rung, made.state, made.set_id, made.parent) == ("generator", "passed", run.set_id, None)
    assert (made.manifest["rungs"], made.manifest["config"]["language_model"]) == (["generator"], base_of(model))
    assert kept.artifacts.read(made.id, base=BASE, dim=0).generator == GENERATOR
    files = {path.name for path in (kept.artifacts.path(made.id) / GENERATOR).iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors"}


def test_it_is_made_on_top_of_what_is_live_and_goes_on_after_a_kill(kept, model, tmp_path, monkeypatch):
    live = candidate(kept.registry.engine, tmp_path, Parts(weights=Weights(0.7)), base=BASE)
    kept.registry.promote(live, approved_by="u:ann")
    given = means(model, corrected(125), tmp_path)
    run = kept.runs.ask(["generator"], by="u:ann")
    kept.runs.start(run.id)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Artifacts, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            train(run.id, kept, given)
    # What people said since is none of it, and nothing is taught or asked again.
    again = replace(given, teaching=replace(given.teaching, rows=None, encode=None))
    (outcome,) = train(run.id, kept, again).outcomes
    made = kept.registry.get(outcome.candidate)
    assert (made.parent, made.manifest["rungs"]) == (live, ["memory", "generator"])
    assert kept.artifacts.read(made.id, base=BASE, dim=0).weights == Weights(0.7)
    assert (retrieval_set(made), generator_set(made)) == (SET, kept.runs.get(run.id).set_id)
    assert [one.id for one in kept.registry.by_set([SET])] == [live, made.id]


def test_what_the_gate_said_beside_something_else_that_was_live_is_not_taken_up(kept, model, tmp_path):
    found, given = freeze_rows(kept.sets, corrected(1), {}), means(model, Rows(), tmp_path)
    run = kept.runs.ask(["generator"], by="u:ann")
    kept.runs.start(run.id)
    report = replace(too_few(("generator",), (), 0, seed=1), verdict="passed")
    kept.runs.concluded(run.id, Outcome("generator", "passed", None, "", report.as_json()))
    teacher = _Teacher(run, kept, given, given.teaching, found)
    teacher._folder.mkdir(parents=True)
    assert teacher._known(Names(("generator",), ())) == report
    assert teacher._known(Names(("memory", "generator"), ("memory",))) is None


def test_too_little_is_said_in_words_and_nothing_is_frozen(kept, model, tmp_path):
    run = trained(kept, means(model, corrected(49), tmp_path))
    (outcome,) = run.outcomes
    assert (outcome.verdict, run.set_id) == ("closed", None)
    assert outcome.words.startswith("generator: 1 more approved corrections that cite, or 200 more")


def test_what_can_be_taught_and_not_be_measured_asks_for_more_and_is_not_taught(kept, model, tmp_path):
    (outcome,) = trained(kept, means(model, corrected(60), tmp_path)).outcomes
    # Twelve are held out, and it takes 25: five corrections for each of the thirteen.
    assert (outcome.verdict, outcome.report["more_questions"]) == ("not_enough_data", 65)
    assert not (tmp_path / "adapters").exists()


def test_a_server_without_a_language_model_of_its_own_says_so(kept, model, tmp_path):
    lacking = {"generator": "the language model is behind an endpoint, and takes no adapter"}
    (outcome,) = trained(kept, means(model, corrected(125), tmp_path, teaching=None, lacks=lacking)).outcomes
    assert (outcome.verdict, outcome.words) == ("closed", f"generator: {lacking['generator']}")


@pytest.fixture
def voiced(kept, tmp_path):
    """The id of a candidate that is live, of an adapter alone."""
    found = freeze_rows(kept.sets, corrected(1), {"kind": "generator"})
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    recipe = Recipe("generator", ("generator",), found.id, BASE, 1)
    made, manifest = kept.artifacts.write(Parts(generator=GENERATOR), recipe, folders={GENERATOR: folder})
    kept.registry.add(Made(made, "generator", found.id, manifest))
    kept.registry.judge(made, passed=True, report={}, reason="")
    kept.registry.promote(made, approved_by="u:ann")
    return made


def test_what_finds_anew_keeps_the_voice_that_is_live(kept, voiced):
    carried = carried_generator(kept, voiced, base=BASE)
    assert (carried.parts.generator, carried.rungs) == (GENERATOR, ("generator",))
    assert carried.sets == {"generator": kept.registry.get(voiced).set_id}
    assert (carried.folders[GENERATOR] / "adapter_config.json").read_text() == "{}"
    assert carried_retrieval(kept, voiced, base=BASE).sets == {}


def test_a_candidate_that_is_made_while_a_voice_is_live_has_it_too(kept, voiced, lab, examples, model, tmp_path):
    found = kept.sets.freeze(examples(chunks=range(5)), {})
    run = kept.runs.ask(["memory"], by="u:ann")
    kept.runs.start(run.id)
    course = Course(run, kept, means(model, Rows(), tmp_path), (), found, voiced, ())
    step = Step("memory", ("memory",))
    report = replace(too_few(step.recipe, (), 0, seed=1), verdict="passed")
    with ExitStack() as stack:
        made = kept.registry.get(make(course, step, report, Labs(course, lab, stack)))
    assert (made.manifest["rungs"], made.parent) == (["memory", "generator"], voiced)
    assert kept.artifacts.read(made.id, base=BASE, dim=lab.vectors.shape[1]).generator == GENERATOR
    assert (retrieval_set(made), generator_set(made)) == (found.id, kept.registry.get(voiced).set_id)
    # What it finds by is as ever: the voice is no rung of a recipe that is made anew.
    assert retrieval_rungs(made) == ("memory",)


def test_a_voice_that_was_changed_on_disk_is_not_taken_over(kept, voiced):
    (kept.artifacts.path(voiced) / GENERATOR / "adapter_config.json").write_text("[]")
    assert carried_generator(kept, voiced, base=BASE).sets == {}
    shutil.rmtree(kept.artifacts.path(voiced))
    assert carried_generator(kept, voiced, base=BASE).parts.generator is None


def test_nothing_is_taken_over_of_nothing(kept):
    assert carried_generator(kept, None, base=BASE).rungs == carried_retrieval(kept, None, base=BASE).rungs == ()
