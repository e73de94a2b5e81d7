"""The tables of people, keys, approvals, erasures, guards, assistants and the audit log, beside the catalog's."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from finetune.tables import key, metadata
from retrieval.tables import UtcDateTime

__all__ = [
    "api_keys",
    "approvals",
    "assistants",
    "audit_events",
    "erasures",
    "group_members",
    "groups",
    "guard_policies",
    "metadata",
    "oidc_logins",
    "sessions",
    "setup_tokens",
    "users",
]


def _of(target: str, name: str, *, primary_key: bool = False) -> Column[str]:
    reference = ForeignKey(f"{target}.id", ondelete="CASCADE")
    return Column(name, String(255), reference, nullable=False, primary_key=primary_key)


def _sha256() -> Column[str]:
    return Column("sha256", String(64), nullable=False, unique=True)


# An id is never given twice: whoever is made again under an old name reads nothing that the name once read.
users = Table(
    "users",
    metadata,
    key(),
    Column("name", String(255), nullable=False, unique=True),  # in lower case; people sign in with it
    Column("display_name", Text, nullable=False),
    Column(
        "kind", String(16), CheckConstraint("kind IN ('person', 'service')", name="kind"), nullable=False
    ),  # a service has keys and no password
    Column("password", Text),  # argon2id in PHC form; None signs in some other way or not at all
    Column("administrator", Boolean, nullable=False, server_default=false()),
    Column("issuer", Text),  # of OpenID Connect, with the subject
    Column("subject", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("suspended_at", UtcDateTime),
    UniqueConstraint("issuer", "subject"),
)

groups = Table(
    "groups",
    metadata,
    key(),
    Column("name", String(255), nullable=False, unique=True),
    Column("claim", Text, unique=True),  # the value in the groups claim of OpenID Connect that stands for it
    Column("created_at", UtcDateTime, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    _of("groups", "group_id", primary_key=True),
    _of("users", "user_id", primary_key=True),
    # What people set stays when a sign-in replaces what the provider said, and the other way round.
    Column("via", String(16), CheckConstraint("via IN ('local', 'oidc')", name="via"), primary_key=True),
)
Index("ix_group_members_user_id", group_members.c.user_id)

sessions = Table(
    "sessions",
    metadata,
    key(),
    _sha256(),
    _of("users", "user_id"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
)
Index("ix_sessions_user_id", sessions.c.user_id)

api_keys = Table(
    "api_keys",
    metadata,
    key(),
    _sha256(),
    _of("users", "user_id"),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),  # of ask, curate, administer
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("made_with", String(255)),  # id of the key that its maker used; None where it was none
    Column("expires_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)
Index("ix_api_keys_user_id", api_keys.c.user_id)

# At most one row, until there is an administrator.
setup_tokens = Table("setup_tokens", metadata, key("sha256"), Column("created_at", UtcDateTime, nullable=False))

oidc_logins = Table(
    "oidc_logins",
    metadata,
    key("state_sha256"),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Append-only: triggers of the database refuse to change or delete a row.
audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("at", Text, nullable=False),  # ISO 8601 in UTC, as it was hashed
    Column("actor", Text, nullable=False),  # principal id; empty for who is not known
    Column("credential", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", Text, nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON, as it was hashed
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
)
Index("ix_audit_events_actor", audit_events.c.actor)
Index("ix_audit_events_object", audit_events.c.object)

approvals = Table(
    "approvals",
    metadata,
    key(),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("decision", String(16), CheckConstraint("decision IN ('approved', 'refused')", name="decision")),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("spent_at", UtcDateTime),  # an approval is good for one time
)
Index(
    "uq_approvals_open",
    approvals.c.action,
    approvals.c.subject,
    unique=True,
    sqlite_where=text("decision IS NULL"),
    postgresql_where=text("decision IS NULL"),
)

erasures = Table(
    "erasures",
    metadata,
    key(),
    Column("kind", String(16), CheckConstraint("kind IN ('user', 'document')", name="kind"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("receipt", JSON, nullable=False),
)

guard_policies = Table(
    "guard_policies",
    metadata,
    _of("collections", "collection_id", primary_key=True),
    Column("policy", JSON, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)

assistants = Table(
    "assistants",
    metadata,
    key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("collection_id", String(255), ForeignKey("collections.id", ondelete="CASCADE")),  # None: all one may read
    Column("instructions", Text, nullable=False),
    Column("questions", JSON, nullable=False),
    Column("access", JSON, nullable=False),  # principal keys of who may use it, among those who may read the collection
    Column("set_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
