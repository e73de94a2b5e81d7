"""The retriever for LlamaIndex, in a real query engine over a real server."""

import asyncio
import subprocess
import sys

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine

from app.clients.llama_index import AttuneRetriever
from app.owner import RefusedError, checked

QUESTION = "How many days of annual leave does a full-time employee have?"


@pytest.fixture
def retriever(server, token):
    """Make retrievers that are closed when the test ends."""
    made = []

    def retriever(**more):
        made.append(AttuneRetriever(str(server.base_url), more.pop("api_key", token), **more))
        return made[-1]

    yield retriever
    for one in made:
        one.close()


def test_a_query_engine_answers_from_what_it_retrieves(retriever):
    # The model repeats its prompt, so what it was shown can be seen.
    engine = RetrieverQueryEngine.from_args(retriever(limit=3), llm=MockLLM())
    response = engine.query(QUESTION)
    assert "27 days" in str(response)
    assert "title: Annual leave" in str(response)
    assert "document_id" not in str(response)
    assert len(response.source_nodes) == 3


def test_an_asynchronous_query_engine_retrieves_the_same(retriever):
    engine = RetrieverQueryEngine.from_args(retriever(limit=3), llm=MockLLM())
    nodes = [node.node_id for node in engine.retriever.retrieve(QUESTION)]
    response = asyncio.run(engine.aquery(QUESTION))
    assert [node.node_id for node in response.source_nodes] == nodes


def test_a_node_says_where_its_text_stands(retriever, server):
    nodes = retriever().retrieve("annual leave")
    assert [node.score for node in nodes] == sorted((node.score for node in nodes), reverse=True)
    for node in nodes:
        of = node.metadata
        document = checked(server.get(f"/v1/documents/{of['document_id']}", params={"revision": of["revision_id"]}))
        assert document["text"][of["start"] : of["end"]] == node.text
        assert of["title"] == document["title"]
        assert node.node.ref_doc_id == of["document_id"]


def test_collection_filters_and_limit_narrow_what_is_retrieved(retriever):
    assert len(retriever(limit=2, collection="default").retrieve(QUESTION)) == 2
    pdf = {"media_types": ["application/pdf"]}
    found = retriever(filters=pdf).retrieve("code of conduct")
    assert found
    assert all(node.metadata["uri"].endswith(".pdf") for node in found)


@pytest.mark.parametrize(
    ("more", "question", "status"),
    [({"api_key": "wrong"}, "a", 401), ({"collection": "missing"}, "a", 404), ({"limit": 0}, "a", 422), ({}, "", 422)],
)
def test_what_the_server_refuses_is_an_error_with_its_reason(retriever, more, question, status):
    refused = retriever(**more)
    with pytest.raises(RefusedError) as sync:
        refused.retrieve(question)
    with pytest.raises(RefusedError) as asynchronous:
        asyncio.run(refused.aretrieve(question))
    assert sync.value.status == asynchronous.value.status == status
    assert str(sync.value) == str(asynchronous.value) != ""


def test_importing_the_retriever_loads_no_server():
    code = "import sys, app.clients.llama_index; sys.exit(bool({'fastapi', 'torch', 'qdrant_edge'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
