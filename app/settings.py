"""Settings: the only reader of the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set, read from ``ATTUNE_*`` environment variables; units stand in the names."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", extra="ignore", validate_default=True)

    data_dir: Path = Field(
        default=Path(".attune"), description="Where catalog and vectors are kept; made with mode 0700."
    )
    host: str = Field(default="127.0.0.1", description="Address the server binds to.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the server binds to; 0 picks a free one.")
    database_url: str | None = Field(
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
        default=None, description="cpu or cuda; cuda is taken where there is one when unset."
    )
    llm_url: str | None = Field(
        default=None, description="OpenAI-compatible server that words the answers; extractive answers when unset."
    )
    llm_model: str = Field(default="default", description="Model name sent to the language model's server.")
    llm_api_key: SecretStr | None = Field(default=None, description="Key of the language model's server.")
    llm_timeout_s: float = Field(
        default=30.0, gt=0, description="Longest wait for the language model; then the extractive answer is given."
    )
    llm_context_tokens: int = Field(default=8192, ge=512, description="Context window of the language model.")
    llm_max_tokens: int = Field(default=512, ge=16, description="Longest answer asked of the language model.")
    passages_shown: int = Field(default=8, ge=1, le=50, description="Passages the generator sees.")
    retrieval_pool: int = Field(
        default=100, ge=10, le=1000, description="Hits taken from each of the dense and the sparse list."
    )
    dense_weight: float = Field(
        default=0.6, ge=0, le=1, description="Share of the dense score in the fused one; the rest is BM25."
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
    parse_workers: int = Field(default=2, ge=1, le=64, description="Documents parsed at the same time.")
    hnsw_min_chunks: int = Field(
        default=50_000,
        ge=1000,
        description="From this many chunks on an HNSW graph is built aside; search is exact below.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="What is logged to stderr: DEBUG, INFO, WARNING or ERROR."
    )

    @property
    def catalog_url(self) -> str:
        """SQLAlchemy URL of the catalog."""
        if self.database_url is None:
            return f"sqlite:///{(self.data_dir / 'catalog.sqlite3').resolve()}"
        # SQLAlchemy picks its driver by the scheme; people write what their provider shows them.
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else self.database_url
