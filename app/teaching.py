"""Settings and stores -> what a training teaches the language model with."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from app.settings import Settings
from app.stores import Stores
from app.voices import voice_lacks
from finetune.course import SEED
from finetune.gather import standing_in
from finetune.generator_rows import Rows, Said, Terms, rows_of
from finetune.generator_sets import manifest_of_rows
from finetune.scrub import POLICY
from finetune.teaching import Teaching
from retrieval.embed import Embedder
from retrieval.generators.adapter_files import base_of
from retrieval.prompt import read_template


def teaching_of(
    settings: Settings, stores: Stores, embedder: Embedder, *, scrub: Callable[[str], str], folder: Path
) -> Teaching | None:
    """Return what the language model is taught with; None where there is none that can be taught.

    Args:
        settings: Name the model.
        stores: Hold what people said.
        embedder: That serves.
        scrub: Takes personal data out of a text.
        folder: Where adapters lie until their run has ended.
    """
    model = settings.local_model
    if model is None or voice_lacks(settings):
        return None
    return Teaching(
        model=model,
        rows=partial(_rows, settings, stores, scrub),
        encode=lambda questions: embedder.embed_documents(list(questions)).vectors,
        manifest=partial(_manifest, settings, stores, model),
        folder=folder,
        limit_s=settings.train_timeout_s,
        device=settings.local_device,
        context_tokens=settings.llm_context_tokens,
        max_tokens=settings.llm_max_tokens,
    )


def _rows(settings: Settings, stores: Stores, scrub: Callable[[str], str]) -> Rows:
    heard = [Said(one.asked, said) for one in stores.readings.signalled() for said in one.said]
    known = {one.asked.id for one in heard}
    compared = {one.said.preferred_over for one in heard if one.said.preferred_over}
    terms = Terms(
        standing_in(stores.catalog),
        scrub,
        template=read_template(settings.answer_prompt).name,
        context_tokens=max(1, settings.llm_context_tokens - settings.llm_max_tokens),
    )
    return rows_of(heard, terms, others=stores.readings.interactions(sorted(compared - known)))


def _manifest(settings: Settings, stores: Stores, model: Path, rows: Rows) -> dict[str, Any]:
    return manifest_of_rows(
        rows,
        model=base_of(model),
        template=read_template(settings.answer_prompt).name,
        corpus_epoch=stores.catalog.corpus_epoch(),
        scrub=POLICY,
        seed=SEED,
    )
