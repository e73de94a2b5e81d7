"""forget: a person or a document, everywhere; then the receipt. Killed at any moment, it is carried on."""

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from app.audit_log import Wanted
from app.auth import Caller
from app.bootstrap import Services
from app.erasure import Erasure, Kind
from app.erasure_rows import ErasureRows
from app.erasure_scan import Scan, Sought
from app.forget_document import DocumentForgetting
from app.forget_user import UserForgetting
from app.parts import open_blobs
from ingestion.doctor import Doctor
from retrieval.errors import AttuneError, ConflictError

_ROUNDS = 3
_COMPACTIONS = 5
_WAIT_S = 1.0
_MAX_BACKUPS = 1_000


class _Way(Protocol):
    """How a kind of subject is forgotten; every step can be repeated."""

    def check(self, subject: str) -> None:
        """Raise where there is no such subject, or it cannot be forgotten."""

    def erase(self, subject: str, receipt: dict[str, Any]) -> Sought:
        """Take it out of every store, adding to the receipt; returns what may be found nowhere afterwards."""


class Forgetting:
    """Forgets one subject at a time.

    Args:
        services: The server's.
        doctor: Compacts catalog and index.
    """

    def __init__(self, services: Services, doctor: Doctor) -> None:
        self._services = services
        self._doctor = doctor
        self._busy = threading.Lock()
        rows = ErasureRows(services.catalog.engine)
        self._ways: Mapping[Kind, _Way] = {
            "document": DocumentForgetting(services, rows),
            "user": UserForgetting(services, rows),
        }
        blobs = open_blobs(services.settings)
        self._scan = Scan(rows, services.index, blobs, tuple({services.data_dir, blobs.folder}))

    def forget(self, kind: Kind, subject: str, *, caller: Caller, anonymise: bool = False) -> Erasure:
        """Forget a subject, or go on with what was begun.

        Args:
            kind: What it is.
            subject: Its id.
            caller: Who asks for it.
            anonymise: Of a user: keep the words, without who said them.

        Returns:
            The erasure, ended, with its receipt.

        Raises:
            NotFoundError: There is no such subject, and no erasure of it that has not ended.
            ConflictError: The last administrator cannot be forgotten; another erasure is under way; or everything is
                erased but the catalog is too busy to be compacted: then it is carried on when it is asked for again.
        """
        erasures = self._services.erasures
        with self._alone():
            going_on = any((e.kind, e.subject) == (kind, subject) for e in erasures.unfinished())
            if not going_on:
                self._ways[kind].check(subject)
            receipt = {"anonymised": anonymise} if kind == "user" else {}
            begun = erasures.begin(kind, subject, by=caller.principal.id, receipt=receipt)
            details = {"kind": kind, "subject": subject, "again": going_on}
            self._services.audit_log.append("erasure.begin", f"erasure:{begun.id}", caller=caller, details=details)
            return self._carried_out(begun)

    def carry_on(self) -> int:
        """Go on with what was begun before this process; what cannot be ended now waits for the next time.

        Returns:
            How many were ended.
        """
        ended = 0
        with self._alone():
            for begun in self._services.erasures.unfinished():
                try:
                    self._carried_out(begun)
                    ended += 1
                except AttuneError as error:
                    structlog.get_logger().warning("an erasure waits", erasure=begun.id, reason=str(error))
        return ended

    def _alone(self) -> "_Alone":
        return _Alone(self._busy)

    def _carried_out(self, begun: Erasure) -> Erasure:
        receipt = dict(begun.receipt)
        way = self._ways[begun.kind]
        sought = Sought(())
        left: dict[str, int] | None = None
        for _ in range(_ROUNDS):
            # Again where something is left: an answer may have been under way when the subject was taken out.
            sought |= way.erase(begun.subject, receipt)
            self._services.erasures.note(begun.id, receipt)
            self._compact()
            before, left = left, self._scan.left(sought)
            if not left or left == before:
                break
        receipt["compacted"] = self._reach()
        receipt["scan"] = {"ids": len(sought.ids), "stretches_of_text": len(sought.words), "left": left or {}}
        receipt["not_reached"] = self._not_reached(begun)
        receipt.pop("work", None)
        ended = self._services.erasures.note(begun.id, receipt, finished=True)
        details = {"kind": begun.kind, "subject": begun.subject, "left": len(left or ())}
        self._services.audit_log.append("erasure.end", f"erasure:{begun.id}", details=details)
        return ended

    def _compact(self) -> None:
        for attempt in range(_COMPACTIONS):
            try:
                self._doctor.compact()
            except ConflictError:
                if attempt == _COMPACTIONS - 1:
                    raise
                time.sleep(_WAIT_S)
            else:
                return

    def _reach(self) -> dict[str, str]:
        server = "its own time: a Qdrant server clears away what was deleted by itself"
        database = "PostgreSQL's own time: VACUUM, and FULL for the file's end, is for its administrator"
        return {
            "catalog": "written anew" if self._services.settings.database_url is None else database,
            "index": "written anew" if self._services.settings.qdrant_url is None else server,
        }

    def _not_reached(self, begun: Erasure) -> dict[str, Any]:
        wanted = Wanted(action="backup.create", until=begun.requested_at)
        made = self._services.audit_log.page(wanted, limit=_MAX_BACKUPS)
        return {
            "backups": [
                {"at": e.at, "file": e.details.get("file"), "sha256": e.object.partition(":")[2]} for e in made
            ],
            "audit_log": "keeps ids, and nobody's words",
            "outside": "backups that nobody told of here, file systems that keep old blocks, logs and traces that were "
            "sent elsewhere, and what people copied",
        }


def forgetting(services: Services, doctor: Doctor) -> Forgetting:
    """Make what forgets, and have it carry on with what an earlier process began."""
    made = Forgetting(services, doctor)
    if services.erasures.unfinished():
        threading.Thread(target=made.carry_on, name="forget", daemon=True).start()
    return made


class _Alone:
    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise ConflictError("another erasure is under way; try again when it has ended")

    def __exit__(self, *_: object) -> None:
        self._lock.release()
