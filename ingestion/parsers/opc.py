"""The package around every Office Open XML file (docx, pptx, xlsx): parts, and relations that tie them together."""

import posixpath
import zipfile
from dataclasses import dataclass

from ingestion.parsers.archive import read_xml

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part points to.

    Attributes:
        kind: Last word of its type: ``slide``, ``notesSlide``, ``chart``.
        part: Name of the part in the archive.
    """

    kind: str
    part: str


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, Relation]:
    """Read what a part points to inside the package.

    Returns:
        Relations by their id; empty if the part has none.
    """
    folder, _, name = part.rpartition("/")
    root = read_xml(archive, f"{folder}/_rels/{name}.rels".lstrip("/"))
    found: dict[str, Relation] = {}
    for relation in root if root is not None else ():
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "")))
            kind = relation.get("Type", "").rpartition("/")[2]
            found[relation.get("Id", "")] = Relation(kind, target.lstrip("/"))
    return found


def main_part(archive: zipfile.ZipFile, default: str) -> str:
    """Return the name of the part that holds the document itself."""
    parts = (r.part for r in relations(archive, "").values() if r.kind == "officeDocument")
    return next(parts, default)
