"""Settings: the only reader of the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.identity_settings import IdentitySettings
from app.limit_settings import LimitSettings
from app.oidc_settings import OidcSettings
from app.training_settings import TrainingSettings
from retrieval.compose import Unsupported
from retrieval.prompt import ANSWER_TEMPLATE
from retrieval.types import Fusion


def _parted(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parted)]
"""Several values in one variable, parted by commas."""


class Settings(IdentitySettings, OidcSettings, LimitSettings, TrainingSettings):
    """Everything that can be set, read from ``ATTUNE_*`` environment variables; units stand in the names."""

    model_config = SettingsConfigDict(
        env_prefix="ATTUNE_", extra="ignore", validate_default=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default=Path(".attune"), description="Where catalog and vectors are kept; made with mode 0700."
    )
    host: str = Field(default="127.0.0.1", description="Address the server binds to.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the server binds to; 0 picks a free one.")
    mcp_hosts: Listed = Field(
        default=(),
        description="Names, parted by commas, under which MCP clients reach this server besides localhost, as host or "
        "host:port; needed behind a proxy while the server binds to loopback.",
    )
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL URL of the catalog; SQLite in the data directory when unset."
    )
    qdrant_url: str | None = Field(
        default=None, description="Qdrant server (1.19.2 or newer); the embedded engine when unset."
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="Key of the Qdrant server.")
    embedding_model: str | None = Field(
        default=None,
        description="A folder, a hub id, or an OpenAI-compatible endpoint as URL#model; the bundled "
        "all-MiniLM-L6-v2 when unset.",
    )
    embedding_api_key: SecretStr | None = Field(default=None, description="Key of the embedding endpoint.")
    embedding_device: str | None = Field(
        default=None,
        description="Where embedder and cross-encoder run: cpu or cuda; cuda is taken where there is one when unset.",
    )
    llm_url: str | None = Field(
        default=None, description="OpenAI-compatible server that words the answers; extractive answers when unset."
    )
    llm_model: str = Field(default="default", description="Model name sent to the language model's server.")
    llm_api_key: SecretStr | None = Field(default=None, description="Key of the language model's server.")
    llm_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="Longest wait for an answer in a language model's words; then the extractive answer is given.",
    )
    llm_first_token_timeout_s: float = Field(
        default=20.0, gt=0, description="Longest wait for the first word of the language model's server."
    )
    llm_gap_timeout_s: float = Field(
        default=10.0, gt=0, description="Longest silence of the language model's server between two words."
    )
    llm_context_tokens: int = Field(default=8192, ge=512, description="Context window of the language model.")
    llm_max_tokens: int = Field(default=512, ge=16, description="Longest answer asked of the language model.")
    llm_temperature: float = Field(
        default=0.0, ge=0, le=2, description="How freely the language model draws its words; 0 takes the likeliest."
    )
    local_model: Path | None = Field(
        default=None, description="Folder of a language model (safetensors) that runs in this process."
    )
    local_adapters: Path | None = Field(
        default=None, description="Folder of LoRA adapters of that model, one folder each; needs the extra local."
    )
    local_device: str | None = Field(
        default=None, description="Where that model runs: cpu or cuda; cuda is taken where there is one when unset."
    )
    judge_url: str | None = Field(
        default=None,
        description="OpenAI-compatible server of a judge model for evaluations and for sentences of answers; none when "
        "unset.",
    )
    judge_model: str = Field(default="default", description="Model name sent to the judge's server.")
    judge_api_key: SecretStr | None = Field(default=None, description="Key of the judge's server.")
    judge_answers: bool = Field(
        default=True,
        description="Let the judge model, where one is set, look at sentences that are put in other words than their "
        "quotes; evaluations use it in any case.",
    )
    prices: Path | None = Field(
        default=None, description="Price table of language models (JSON), for the cost of an evaluation."
    )
    answer_prompt: str = Field(
        default=ANSWER_TEMPLATE,
        min_length=1,
        description="Prompt template of language models: one that comes with Attune, or a file of your own.",
    )
    unsupported_sentences: Unsupported = Field(
        default="mark",
        description="What becomes of a language model's sentences that nothing bears out: mark or remove.",
    )
    passages_shown: int = Field(default=8, ge=1, le=50, description="Passages the generator sees.")
    retrieval_pool: int = Field(
        default=100, ge=10, le=1000, description="Hits taken from each of the dense and the sparse list."
    )
    dense_weight: float = Field(
        default=0.6, ge=0, le=1, description="Share of the dense score in the fused one; the rest is BM25."
    )
    fusion: Fusion = Field(
        default="mix",
        description="How the dense and the BM25 list become one: mix (scores between the least and the greatest), "
        "dbsf (scores by their spread) or rrf (ranks).",
    )
    rerank: str = Field(
        default="sentences",
        min_length=1,
        description="What looks at the best candidates again: sentences, none, a cross-encoder by folder or hub id, "
        "or a rerank endpoint as URL#model.",
    )
    rerank_api_key: SecretStr | None = Field(default=None, description="Key of the rerank endpoint.")
    rerank_depth: int = Field(default=50, ge=1, le=1000, description="How many candidates the reranker sees.")
    recency_half_life_days: float | None = Field(
        default=None,
        gt=0,
        le=36_500,
        description="After this age a document's passages lost half of what age can take, a half of their score; age "
        "does not matter when unset.",
    )
    abstain_below: float = Field(
        default=0.5, ge=0, le=1, description="Confidence below which no answer is given; 0 always answers."
    )
    chunk_tokens: int | None = Field(
        default=None,
        ge=32,
        description="Most tokens of a chunk, its title and headings included; the model's limit when unset.",
    )
    upload_max_bytes: int = Field(
        default=100 * 2**20, gt=0, description="Largest request body; all files of one upload together."
    )
    document_max_bytes: int = Field(
        default=512 * 2**20, gt=0, description="Largest single document, from whatever source."
    )
    web_sources: bool = Field(
        default=False, description="Let sources fetch web pages; this server fetches no page without it."
    )
    web_hosts: Listed = Field(
        default=(),
        description="The only hosts that web sources may fetch from, parted by commas, as host or host:port; every "
        "public one on the usual ports when empty.",
    )
    web_private_hosts: Listed = Field(
        default=(),
        description="Hosts inside that web sources may fetch from although their address is private, as host:port "
        "parted by commas.",
    )
    source_folders: Listed = Field(
        default=(),
        description="Folders of this machine, parted by commas, in which administrators may set up sources over the "
        "network; commands on this machine may anywhere.",
    )
    source_secrets: Path | None = Field(
        default=None, description="Credentials of sources by name (JSON, mode 0600); sources hold names only."
    )
    source_readers: Listed = Field(
        default=(),
        description="Dotted names, parted by commas, that LlamaHub readers of sources over the network begin with; "
        "commands on this machine may use all of llama_index.readers as well.",
    )
    parse_workers: int = Field(default=2, ge=1, le=64, description="Documents parsed at the same time.")
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes of the server that take documents in; they start when needed."
    )
    worker_idle_s: float = Field(
        default=300.0, ge=0, description="A worker of the server without work ends after this time; 0 never ends it."
    )
    worker_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Lasting name of this machine's workers under `attune work`; the host's name when unset.",
    )
    blobs_dir: Path | None = Field(
        default=None,
        description="Where originals are kept; `blobs` in the data directory when unset. Workers on other machines "
        "need the same folder.",
    )
    disk_reserve_bytes: int = Field(
        default=512 * 2**20, ge=0, description="Room left free on the disk of the originals; ingestion stops before it."
    )
    keep_revisions: str = Field(
        default="90d",
        pattern=r"^(forever|\d{1,5}[hdw])$",
        description="How long superseded texts are kept, so that older answers can be opened: 12h, 90d, 8w or forever.",
    )
    keep_runs_days: int = Field(default=30, ge=1, le=3650, description="How long the record of a run is kept.")
    hnsw_min_chunks: int = Field(
        default=50_000,
        ge=1000,
        description="From this many chunks on an HNSW graph is built aside; search is exact below.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="What is logged to stderr: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How a line of the log looks: console for people, json for machines."
    )
    log_questions: bool = Field(
        default=False, description="Write questions into the log and into traces; without it their words stay out."
    )
    metrics_public: bool = Field(
        default=False, description="Let anybody read /metrics; an administrator's API key is needed otherwise."
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="OpenTelemetry collector (OTLP over HTTP) that is sent traces; none are made when unset.",
    )
    monitoring_interval_s: float = Field(
        default=3600.0,
        ge=0,
        le=31 * 86_400,
        description="Time between two observations of what is asked, 31 days at most; 0 makes none by itself.",
    )
    alert_webhook_url: SecretStr | None = Field(
        default=None, description="URL that is posted alerts; often a secret itself. Logged only when unset."
    )
    alert_webhook_secret: SecretStr | None = Field(
        default=None, description="Key that alerts are signed with (HMAC-SHA256); unsigned when unset."
    )

    @field_validator("qdrant_url", "embedding_model", "llm_url", "judge_url", "rerank", "otlp_endpoint")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        # Addresses stand in logs and errors, of other programs too; a password has a setting of its own.
        scheme, _, rest = (value or "").partition("://")
        if "@" in rest.partition("/")[0] and scheme in {"http", "https"}:
            raise ValueError("an address holds no user name or password, or they would stand in logs")
        return value

    @field_validator("database_url")
    @classmethod
    def _with_a_whole_password(cls, value: SecretStr | None) -> SecretStr | None:
        # Else what stands behind the sign is taken for a host or a name, which errors show.
        before = (value.get_secret_value() if value else "").partition("://")[2].partition("?")[0].rpartition("@")[0]
        if "@" in before or "/" in before:
            raise ValueError("signs in the password of an address are written as %40 (@) and %2F (/)")
        return value

    @property
    def keep_revisions_for(self) -> timedelta | None:
        """How long superseded texts are kept; None is for ever."""
        if self.keep_revisions == "forever":
            return None
        unit = {"h": "hours", "d": "days", "w": "weeks"}[self.keep_revisions[-1]]
        return timedelta(**{unit: int(self.keep_revisions[:-1])})

    @property
    def keep_runs(self) -> timedelta:
        """How long the record of a run is kept."""
        return timedelta(days=self.keep_runs_days)

    def plain(self) -> dict[str, Any]:
        """Return everything as plain JSON, secrets included: for a process of ours, through a pipe."""
        shown = self.model_dump(mode="json")
        secrets = {name: value for name in shown if isinstance(value := getattr(self, name), SecretStr)}
        return shown | {name: value.get_secret_value() for name, value in secrets.items()}

    @property
    def catalog_url(self) -> str:
        """SQLAlchemy URL of the catalog."""
        if self.database_url is None:
            return f"sqlite:///{(self.data_dir / 'catalog.sqlite3').resolve()}"
        # SQLAlchemy picks its driver by the scheme; people write what their provider shows them.
        url = self.database_url.get_secret_value()
        scheme, _, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url
