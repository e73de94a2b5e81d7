"""What narrows a search, as requests give it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from retrieval.metadata import MAX_KEYS, MAX_NAMED, checked_filters
from retrieval.types import Filters

_SourceId = Annotated[str, Field(max_length=64)]
_MediaType = Annotated[str, Field(max_length=200)]


class FiltersBody(BaseModel):
    """Which documents are searched, among those the caller may read; what is left out does not narrow."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"media_types": ["application/pdf", "image/*"], "metadata": {"department": "legal"}}]
        },
    )

    sources: list[_SourceId] = Field(default=[], max_length=MAX_NAMED, description="Ids of sources, any of them.")
    media_types: list[_MediaType] = Field(
        default=[], max_length=MAX_NAMED, description="Any of them: `application/pdf`, or a family: `image/*`."
    )
    updated_from: datetime | None = Field(
        default=None, description="Only documents that changed at this moment or later; without a zone it is UTC."
    )
    updated_until: datetime | None = Field(default=None, description="Only documents that changed before this moment.")
    metadata: dict[str, str] = Field(
        default={}, max_length=MAX_KEYS, description="Keys and values that a document must all have, exactly."
    )

    def filters(self) -> Filters:
        """Return them as the search takes them.

        Returns:
            Checked filters.

        Raises:
            InvalidInputError: A value can be no document's.
        """
        return checked_filters(
            Filters(
                sources=tuple(self.sources),
                media_types=tuple(self.media_types),
                updated_from=self.updated_from,
                updated_until=self.updated_until,
                metadata=tuple(self.metadata.items()),
            )
        )
