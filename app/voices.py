"""Voices: adapters that the language model was taught by feedback, and whether it can wear them here."""

import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import structlog

from app.settings import Settings
from finetune.artifact import GENERATOR, Artifacts
from retrieval.errors import ModelError, NotFoundError
from retrieval.generators.adapter_files import base_of, made_for
from retrieval.learned import Learned, Learning, Serving
from retrieval.types import Principal

_CANDIDATES = Path("learning") / "candidates"


def voice_folder(data_dir: Path, candidate_id: str) -> Path:
    """Return where the adapter of a candidate lies, whether or not it has one: its name is the candidate's id."""
    return data_dir.resolve() / _CANDIDATES / candidate_id / GENERATOR


def checked_voice(folder: Path) -> None:
    """Hold the candidate of an adapter against its manifest: files may have been changed since it was promoted.

    Raises:
        ModelError: They are not what was written, or are gone.
    """
    artifacts, candidate_id = Artifacts(folder.parent.parent), folder.parent.name
    try:
        manifest = artifacts.manifest(candidate_id)
        artifacts.read(candidate_id, base=manifest["base"], dim=manifest["dim"] or 0)
    except NotFoundError as error:
        raise ModelError(str(error)) from error


def voice_lacks(settings: Settings) -> str:
    """Say what this server has not got to teach its language model, or to let it wear an adapter; empty for nothing."""
    if settings.llm_url:
        return "the language model is behind an endpoint, and takes no adapter"
    if settings.local_model is None:
        return "a language model in the server's process: set ATTUNE_LOCAL_MODEL to its folder"
    if find_spec("peft") is None:
        return 'adapters need peft: pip install "attune[local]"'
    return ""


class Voices:
    """Says whether the server's language model can answer by the adapter of a candidate.

    Args:
        settings: Name the language model.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._model = ""  # its fingerprint: takes seconds for a large one
        self._known: dict[str, str] = {}
        self._looking = threading.Lock()

    def check(self, candidate_id: str) -> None:
        """Say nothing about a voice that can be worn.

        Raises:
            ModelError: There is no language model to wear it, or it was taught to another one.
        """
        self._known.pop(candidate_id, None)
        if trouble := self.trouble(candidate_id):
            raise ModelError(f"candidate {candidate_id[:12]} holds an adapter of a language model: {trouble}")

    def trouble(self, candidate_id: str) -> str:
        """Say why the voice of a candidate cannot be worn here; empty when it can."""
        with self._looking:
            if candidate_id not in self._known:
                self._known[candidate_id] = trouble = self._trouble(candidate_id)
                if trouble:
                    structlog.get_logger().error(
                        "the language model answers as it is", candidate=candidate_id[:12], reason=trouble
                    )
            return self._known[candidate_id]

    def heard(self, learning: Learning) -> Learning:
        """Return what serves by the same, with voices as far as they can be worn: what it finds by serves anyway."""

        def serving(principal: Principal) -> Serving:
            found = learning(principal)
            challenger = None if found.challenger is None else self._fitting(found.challenger)
            instead = None if found.instead is None else self._fitting(found.instead)
            return replace(found, live=self._fitting(found.live), challenger=challenger, instead=instead)

        return serving

    def _fitting(self, learned: Learned) -> Learned:
        mute = learned.voice is not None and self.trouble(learned.voice)
        return replace(learned, voice=None) if mute else learned

    def _trouble(self, candidate_id: str) -> str:
        if lacking := voice_lacks(self._settings):
            return lacking
        try:
            wanted = made_for(voice_folder(self._settings.data_dir, candidate_id))
            self._model = self._model or base_of(Path(self._settings.local_model or ""))
        except ModelError as error:
            return str(error)
        return "" if wanted == self._model else "it was trained on another language model than ATTUNE_LOCAL_MODEL"
