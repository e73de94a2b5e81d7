"""What OCR needs: Tesseract's language data, where they lie and which of them to read with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import NeedsOcrError

_FOLDERS = (
    Path("/usr/share/tesseract-ocr/5/tessdata"),  # Debian, Ubuntu
    Path("/usr/share/tesseract-ocr/4.00/tessdata"),
    Path("/usr/share/tesseract/tessdata"),  # Fedora
    Path("/usr/share/tessdata"),  # Arch, Alpine
    Path("/usr/local/share/tessdata"),
    Path("/opt/homebrew/share/tessdata"),
)
_SUFFIX = ".traineddata"
_NO_LANGUAGES = frozenset({"osd", "equ"})
# Every language is tried on every word: each costs time, and a wrong one sometimes wins.
_MOST_LANGUAGES = 4


def _nobody(pages: int) -> None:
    """Be told of the pages to come, and do nothing about it."""


@dataclass(frozen=True, slots=True)
class Ocr:
    """How pictures of text are read.

    Attributes:
        languages: Tesseract's names (``eng``, ``deu``, ``chi_sim``); empty for those installed, English first and at
            most four.
        folder: Where the language data lie; None for the usual places.
        announce: Called with the number of pages that are going to be read, each of which takes seconds.
    """

    languages: tuple[str, ...] = ()
    folder: Path | None = None
    announce: Callable[[int], None] = _nobody

    def tessdata(self) -> Path | None:
        """Find the folder with the language data.

        Returns:
            The folder; None if the languages wanted are not there, or none is.
        """
        there = _tessdata(self.folder)
        installed = _installed(there)
        return there if installed and set(self.languages) <= set(installed) else None

    def language(self) -> str:
        """Name the languages as Tesseract wants them.

        Returns:
            Names joined by ``+``; empty if there is no language data.
        """
        return "+".join(self.languages or _installed(_tessdata(self.folder))[:_MOST_LANGUAGES])

    def missing(self, what: str) -> NeedsOcrError:
        """Say what to install.

        Args:
            what: What cannot be read without OCR: "it is a scan without text".

        Returns:
            The error, to be raised.
        """
        installed = set(_installed(_tessdata(self.folder)))
        wanted = [name for name in self.languages if name not in installed] or ["eng"]
        packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in wanted)
        return NeedsOcrError(f"needs OCR: {what}; install the Debian package {packages}")


def ocr_available(languages: Sequence[str] = ()) -> bool:
    """Tell whether pictures of text can be read now; cheap enough to be asked every few seconds.

    Args:
        languages: Those that have to be there; empty for any.

    Returns:
        Whether their data are there.
    """
    return Ocr(tuple(languages)).tessdata() is not None


def _tessdata(folder: Path | None) -> Path | None:
    folders = _FOLDERS if folder is None else (folder,)
    return next((there for there in folders if _installed(there)), None)


def _installed(folder: Path | None) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    names = {path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}")} - _NO_LANGUAGES
    return sorted(names, key=lambda name: (name != "eng", name))
