"""Chunkers that are compared: the project's own, what it could have been, and others."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

from ingestion.chunk import ChunkDraft, TokenSpans, chunk
from ingestion.types import ParsedDocument
from retrieval.sentences import sentence_spans

Chunker = Callable[[ParsedDocument, TokenSpans], list[ChunkDraft]]
MAX_TOKENS = 254  # of the bundled model, without its two special tokens


def ours(
    document: ParsedDocument, token_spans: TokenSpans, *, max_tokens: int = MAX_TOKENS, **options: int
) -> list[ChunkDraft]:
    return chunk(document, token_spans, max_tokens=max_tokens, **options)


def without_context(document: ParsedDocument, token_spans: TokenSpans) -> list[ChunkDraft]:
    return [replace(draft, context="") for draft in ours(document, token_spans)]


def overlapping(document: ParsedDocument, token_spans: TokenSpans, *, overlap_tokens: int) -> list[ChunkDraft]:
    """Smaller chunks of ours, each begun again at the sentences before it that have room."""
    drafts = ours(document, token_spans, max_tokens=MAX_TOKENS - overlap_tokens)
    begun = drafts[:1]
    for before, draft in pairwise(drafts):
        text = document.text[before.start : before.end]
        sentences = sentence_spans(text)
        counts = map(len, token_spans([text[a:b] for a, b in sentences]))
        start, room = draft.start, overlap_tokens
        for (a, _), count in reversed(list(zip(sentences, counts, strict=True))):
            if count > room:
                break
            start, room = before.start + a, room - count
        begun.append(replace(draft, start=start))
    return begun


def windows(document: ParsedDocument, token_spans: TokenSpans, *, overlap_tokens: int) -> list[ChunkDraft]:
    """Fixed windows of tokens, whatever they cut through."""
    spans = token_spans([document.text])[0]
    firsts = range(0, max(1, len(spans) - overlap_tokens), MAX_TOKENS - overlap_tokens)
    return [_plain(spans[i][0], spans[min(i + MAX_TOKENS, len(spans)) - 1][1]) for i in firsts]


def llama_index(document: ParsedDocument, token_spans: TokenSpans, *, overlap_tokens: int) -> list[ChunkDraft]:
    from llama_index.core import Document
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=MAX_TOKENS, chunk_overlap=overlap_tokens, tokenizer=lambda text: token_spans([text])[0]
    )
    nodes = splitter.get_nodes_from_documents([Document(text=document.text)])
    return [_plain(node.start_char_idx, node.end_char_idx) for node in nodes]


def semchunk(document: ParsedDocument, token_spans: TokenSpans) -> list[ChunkDraft]:
    from semchunk import chunkerify

    chunker = chunkerify(lambda text: len(token_spans([text])[0]), MAX_TOKENS, memoize=False)
    _, offsets = chunker(document.text, offsets=True)
    return [_plain(start, end) for start, end in offsets]


def titled(document: ParsedDocument, token_spans: TokenSpans, *, chunker: Chunker) -> list[ChunkDraft]:
    """Another chunker's chunks with the document's title before them, as ours have; the embedder may cut some off."""
    return [replace(draft, context=document.title) for draft in chunker(document, token_spans)]


def _plain(start: int, end: int) -> ChunkDraft:
    return ChunkDraft(start=start, end=end, context="", section=(), token_count=0, places=())


CHUNKERS: dict[str, Chunker] = {
    "ours": ours,
    "ours, 192 tokens": partial(ours, max_tokens=192),
    "ours, 128 tokens": partial(ours, max_tokens=128),
    "ours, sections apart": partial(ours, merge_below_tokens=48),
    "ours, overlap 40": partial(overlapping, overlap_tokens=40),
    "ours, no context": without_context,
    "LlamaIndex": partial(llama_index, overlap_tokens=0),
    "LlamaIndex, overlap 50": partial(llama_index, overlap_tokens=50),
    "LlamaIndex, titled": partial(titled, chunker=partial(llama_index, overlap_tokens=0)),
    "windows": partial(windows, overlap_tokens=0),
    "windows, overlap 50": partial(windows, overlap_tokens=50),
    "semchunk": semchunk,
}
