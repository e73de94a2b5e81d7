"""Approvals: what trains or promotes a model is asked for by one administrator and approved by another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import Connection, Engine, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.audit_log import AuditLog
from app.auth import LOCAL, Caller
from app.tables import approvals, users
from retrieval.errors import AttuneError, ConflictError, InvalidInputError, NotFoundError
from retrieval.rows import storable
from retrieval.store import Store

Action = Literal["train", "promote"]
Decision = Literal["approved", "refused"]
State = Literal["open", "approved", "refused", "spent", "expired"]

GOOD_FOR = timedelta(days=7)
MAX_LISTED = 1_000
MAX_SUBJECT_CHARS, MAX_REASON_CHARS = 200, 1_000


class SecondPersonError(AttuneError):
    """It takes another person: an administrator who did not ask, and is signed in."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that somebody wants to be allowed.

    Attributes:
        subject: What is to be trained or promoted.
        requested_by: Principal id.
        decided_by: Principal id; None while it is open.
        spent_at: When it was used; it is good once.
    """

    id: str
    action: Action
    subject: str
    reason: str
    requested_by: str
    requested_at: datetime  # UTC
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None  # UTC
    spent_at: datetime | None = None  # UTC

    def state(self, now: datetime) -> State:
        """Return what has become of it."""
        if self.decision is None or self.decided_at is None:
            return "open"
        if self.decision == "refused":
            return "refused"
        if self.spent_at is not None:
            return "spent"
        return "approved" if now < self.decided_at + GOOD_FOR else "expired"


class Approvals(Store):
    """Approvals, on SQLite or PostgreSQL; whatever happens to one stands in the audit log.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
        audit_log: Where it is noted.
        people: How many it takes: 2, or 1 where there is nobody else.
    """

    def __init__(self, engine: Engine, audit_log: AuditLog, *, people: int = 2) -> None:
        super().__init__(engine)
        self._audit_log = audit_log
        self._people = people

    def ask(self, action: Action, subject: str, *, reason: str, by: Caller) -> Approval:
        """Ask for something.

        Returns:
            It, open.

        Raises:
            InvalidInputError: Action, subject or reason cannot be one.
            ConflictError: The same is asked for already.
        """
        if action not in get_args(Action):
            raise InvalidInputError(f"{action} is not approved: only {' and '.join(get_args(Action))} are")
        _check_text("subject", subject, MAX_SUBJECT_CHARS)
        _check_text("reason", reason, MAX_REASON_CHARS)
        made = Approval(uuid4().hex, action, subject, reason, by.principal.id, datetime.now(UTC))
        row = {column.name: getattr(made, column.name) for column in approvals.c}
        try:
            with self._writing() as connection:
                connection.execute(insert(approvals).values(row))
        except IntegrityError as error:
            raise ConflictError(f"somebody has asked to {action} this already; it waits for a decision") from error
        self._note("approval.ask", made, by)
        return made

    def get(self, approval_id: str) -> Approval:
        """Return an approval.

        Raises:
            NotFoundError: There is none of this id.
        """
        found = self._found(select(approvals).where(approvals.c.id == approval_id)) if storable(approval_id) else []
        if not found:
            raise NotFoundError(f"no approval {approval_id}")
        return found[0]

    def newest(self, *, limit: int = 100, undecided: bool = False) -> list[Approval]:
        """Return approvals, the newest first.

        Args:
            limit: How many at most, 1 to 1,000.
            undecided: Only those that wait for a decision.

        Raises:
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInputError(f"limit is {limit}; 1 to {MAX_LISTED} approvals can be listed")
        statement = select(approvals).order_by(approvals.c.requested_at.desc(), approvals.c.id).limit(limit)
        return self._found(statement.where(approvals.c.decision.is_(None)) if undecided else statement)

    def decide(self, approval_id: str, decision: Decision, *, by: Caller) -> Approval:
        """Approve or refuse what somebody else has asked for; of two who decide at once, one does.

        Returns:
            It, decided.

        Raises:
            NotFoundError: There is none of this id.
            InvalidInputError: There is no such decision.
            SecondPersonError: They asked themselves, are no administrator now, or are not signed in.
            ConflictError: It was decided already.
        """
        asked = self.get(approval_id)
        if decision not in get_args(Decision):
            raise InvalidInputError(f"{decision} is no decision: {' or '.join(get_args(Decision))}")
        self._check_may_decide(asked, by)
        decided = replace(asked, decision=decision, decided_by=by.principal.id, decided_at=datetime.now(UTC))
        values = {name: getattr(decided, name) for name in ("decision", "decided_by", "decided_at")}
        undecided = approvals.c.id == approval_id, approvals.c.decision.is_(None)
        with self._writing() as connection:
            if not _in_force(connection, by.principal.id, person=True):
                raise SecondPersonError("only a person who is an administrator now can decide this")
            if not connection.execute(update(approvals).where(*undecided).values(values)).rowcount:
                raise ConflictError("this was decided already")
        self._note("approval.approve" if decision == "approved" else "approval.refuse", decided, by)
        return decided

    def spend(self, action: Action, subject: str, *, by: Caller) -> Approval:
        """Use an approval up, before what was approved is done; of two at once, one gets it.

        Args:
            action: What is about to be done.
            subject: To what.
            by: Who does it.

        Returns:
            The approval that allows it.

        Raises:
            ConflictError: None allows it now: nobody approved it, it was used, a week is over, or one of the two who
                agreed is no administrator any more.
        """
        now = datetime.now(UTC)
        wanted = select(approvals).where(
            approvals.c.action == action,
            approvals.c.subject == subject,
            approvals.c.decision == "approved",
            approvals.c.spent_at.is_(None),
            approvals.c.decided_at > now - GOOD_FOR,
        )
        with self._writing() as connection:
            for row in connection.execute(wanted.order_by(approvals.c.decided_at)).mappings().all():
                approval = Approval(**row)
                unspent = approvals.c.id == approval.id, approvals.c.spent_at.is_(None)
                if self._holds(connection, approval) and (
                    connection.execute(update(approvals).where(*unspent).values(spent_at=now)).rowcount
                ):
                    break
            else:
                raise ConflictError(f"to {action} this takes an approval: ask for one, and have it approved")
        spent = replace(approval, spent_at=now)
        self._note("approval.spend", spent, by)
        return spent

    def _check_may_decide(self, asked: Approval, by: Caller) -> None:
        if self._people == 1:
            return
        if by.principal.id == asked.requested_by:
            raise SecondPersonError("another administrator has to decide what you ask for")
        # Administrators make keys for others, and whoever holds the loopback token may be the one who asked.
        if not by.credential.startswith("session:"):
            raise SecondPersonError("only somebody who is signed in can decide this, not a key or a command")

    def _holds(self, connection: Connection, approval: Approval) -> bool:
        decided_by = approval.decided_by or ""
        if self._people > 1 and decided_by in {approval.requested_by, LOCAL.id}:
            return False
        return _in_force(connection, approval.requested_by) and _in_force(connection, decided_by, person=True)

    def _note(self, action: str, approval: Approval, by: Caller) -> None:
        self._audit_log.append(action, f"approval:{approval.id}", caller=by, details={"action": approval.action})

    def _found(self, statement: Select[Any]) -> list[Approval]:
        with self._reading() as connection:
            rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(statement).mappings()]
        return [Approval(**row) for row in rows]


def _in_force(connection: Connection, principal_id: str, *, person: bool = False) -> bool:
    """Say whether somebody is an administrator at this moment; ``person``, and no service."""
    if principal_id == LOCAL.id:
        return True
    statement = select(users.c.kind).where(
        users.c.id == principal_id.removeprefix("u:"), users.c.administrator, users.c.suspended_at.is_(None)
    )
    kind = connection.scalar(statement)
    return kind == "person" or (kind is not None and not person)


def _check_text(what: str, text: str, longest: int) -> None:
    if not 1 <= len(text.strip()) <= len(text) <= longest or not storable(text):
        raise InvalidInputError(f"a {what} has 1 to {longest:,} characters")
