"""Attune as a retriever for LlamaIndex: what an API key's user may read, over HTTP."""

from typing import Any

import httpx
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from app.owner import checked

_FOR_PEOPLE = ("title", "section", "page")
"""Metadata that a language model or an embedder is shown besides the text."""


class AttuneRetriever(BaseRetriever):
    """Retrieves passages from an Attune server; for any query engine of LlamaIndex.

    Args:
        url: Of the server, such as ``http://127.0.0.1:8000``.
        api_key: With the scope ``ask``; what its user may read is searched.
        collection: Search this collection only; all when None.
        limit: How many passages, 1 to 100.
        filters: As the body of ``POST /v1/search`` has them: sources, media types, dates, metadata.
        timeout_s: Longest wait for an answer of the server.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        collection: str | None = None,
        limit: int = 10,
        filters: dict[str, Any] | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        super().__init__()
        self._asked = {"collection": collection, "limit": limit, "filters": filters or {}}
        # One context for all clients: to make one takes longer than a search does.
        self._connection: dict[str, Any] = {
            "base_url": url,
            "headers": {"Authorization": f"Bearer {api_key}"},
            "timeout": timeout_s,
            "verify": httpx.create_ssl_context(),
        }
        self._client = httpx.Client(**self._connection)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return _nodes(self._client.post("/v1/search", json=self._asked | {"question": query_bundle.query_str}))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        # A client belongs to one event loop, and a retriever may be used from several.
        async with httpx.AsyncClient(**self._connection) as client:
            return _nodes(await client.post("/v1/search", json=self._asked | {"question": query_bundle.query_str}))


def _nodes(response: httpx.Response) -> list[NodeWithScore]:
    return [NodeWithScore(node=_node(found), score=found["score"]) for found in checked(response)["results"]]


def _node(found: dict[str, Any]) -> TextNode:
    metadata = {name: found[name] for name in ("title", "uri", "document_id", "revision_id", "start", "end")}
    metadata |= {"section": " > ".join(found["section"]), "page": found["page"]}
    hidden = [name for name in metadata if name not in _FOR_PEOPLE or metadata[name] in {None, ""}]
    return TextNode(
        id_=found["chunk_id"],
        text=found["text"],
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
        start_char_idx=found["start"],
        end_char_idx=found["end"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=found["document_id"])},
    )
