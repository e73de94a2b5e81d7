"""Buckets of object stores, S3-compatible ones first; the only module that speaks fsspec."""

import fnmatch
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from pydantic import Field

from ingestion.blobs import storage
from ingestion.sources.secrets import named_secret, redacted
from ingestion.sources.source import Arguments, Entry, Kind, SourceLimits
from retrieval.errors import InvalidInputError, ResourceLimitError, SourceError, UnreadableError

_PROTOCOLS = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "abfs", "az": "abfs"}
"""By the beginning of a URL. Not every protocol of fsspec: some read this machine's files or run its commands."""
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "generation")
"""What stores call a state of an object, surest first."""
_PART_BYTES = 1 << 20
_SPOOL_BYTES = 8 * 2**20


class ObjectStoreArguments(Arguments):
    """Which objects."""

    url: str = Field(
        pattern=r"^[a-z0-9]+://[^/?#\s]+(/[^?#]*)?$",
        max_length=2_000,
        description="Bucket and beginning of the keys, as s3://handbook/2026/.",
    )
    secret: str = Field(
        min_length=1,
        max_length=100,
        description="Name of the credentials in the file of ATTUNE_SOURCE_SECRETS; it holds the endpoint as well.",
    )
    include: tuple[str, ...] = Field(
        default=(), max_length=100, description="Only objects whose key matches one of these patterns, as */*.pdf."
    )
    exclude: tuple[str, ...] = Field(
        default=(), max_length=100, description="No object whose key matches one of these."
    )


class ObjectStoreSource:
    """The objects of a bucket whose keys begin alike.

    Args:
        arguments: Which.
        options: For the store's client: credentials, endpoint.
        max_bytes: Largest object that is fetched.
    """

    kind = "object_store"

    def __init__(self, arguments: ObjectStoreArguments, options: Mapping[str, Any], *, max_bytes: int) -> None:
        import fsspec

        self.unreadable: list[str] = []
        self._arguments = arguments
        self._options = options
        self._max_bytes = max_bytes
        self._scheme, _, self._root = arguments.url.partition("://")
        try:
            # Not one of fsspec's own store of instances: its listings would be those of an earlier sync.
            self._store = fsspec.filesystem(_PROTOCOLS[self._scheme], skip_instance_cache=True, **options)
        except ImportError as error:
            raise InvalidInputError(f"url: the package for {self._scheme}:// is not installed: {error}") from error
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"secret: {redacted(str(error), options)}") from error

    def entries(self) -> Iterator[Entry]:
        """List the objects, in the order of their keys.

        Raises:
            SourceError: The store cannot be reached, does not let us in, or has no such bucket.
        """
        self.unreadable = []
        root = self._root.rstrip("/")
        with self._reaching(whole=True):
            found = self._store.find(root, detail=True, refresh=True)
            if not found and not self._store.exists(root.partition("/")[0]):
                raise SourceError(f"there is no bucket {root.partition('/')[0]!r}")
        # A key that only begins like the last folder is another folder's.
        for path in sorted(found):
            key = path.removeprefix(root).lstrip("/") or path.rpartition("/")[2]
            if not path.endswith("/") and self._wanted(key):
                yield self._entry(path, found[path])

    @contextmanager
    def fetch(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open an object; it is whole when the block begins.

        Raises:
            UnreadableError: It is gone, or nobody may read it.
            ResourceLimitError: It is too large.
            SourceError: The store cannot be reached.
        """
        path = entry.uri.partition("://")[2]
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, prefix="attune-object-") as spool:
            try:
                self._copy(path, spool)
            except FileNotFoundError as error:
                raise UnreadableError(f"{entry.uri} is not there any more") from error
            except PermissionError as error:
                raise UnreadableError(f"nobody lets us read {entry.uri}") from error
            spool.seek(0)
            yield spool  # type: ignore[misc]  # a binary stream in all but its declaration

    def close(self) -> None:
        """Forget what was listed."""
        self._store.invalidate_cache()

    def _copy(self, path: str, out: Any) -> None:
        with self._reaching(), self._store.open(path, "rb", cache_type="readahead", block_size=_SPOOL_BYTES) as stream:
            if (stream.size or 0) > self._max_bytes:
                raise ResourceLimitError(f"{path} is larger than {self._max_bytes / 2**20:,.0f} MB")
            with storage():
                shutil.copyfileobj(stream, out, _PART_BYTES)

    @contextmanager
    def _reaching(self, *, whole: bool = False) -> Iterator[None]:
        """Give a store that cannot be reached an error of ours; what concerns one object passes, unless ``whole``."""
        try:
            yield
        except (FileNotFoundError, PermissionError) as error:
            if not whole:
                raise
            raise self._unreachable(error) from error
        except _client_errors() as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> SourceError:
        return SourceError(
            f"the object store of {self._arguments.url} cannot be used: {redacted(str(error), self._options)}"
        )

    def _wanted(self, key: str) -> bool:
        include, exclude = self._arguments.include, self._arguments.exclude
        left_out = any(fnmatch.fnmatchcase(key, pattern) for pattern in exclude)
        return not left_out and (not include or any(fnmatch.fnmatchcase(key, pattern) for pattern in include))

    def _entry(self, path: str, known: Mapping[str, Any]) -> Entry:
        version = next((str(known[name]).strip('"') for name in _VERSIONS if known.get(name)), None)
        if version is None:
            changed = known.get("LastModified") or known.get("last_modified") or known.get("updated")
            version = f"{changed} {known.get('size')}" if changed else None
        return Entry(f"{self._scheme}://{path}", path.rpartition("/")[2], version, known.get("size"))


def _client_errors() -> tuple[type[Exception], ...]:
    # What the clients below fsspec raise besides OSError: no answer, no credentials, a damaged reply; and what they say
    # of options that they do not know, which they look at when they connect.
    from aiohttp import ClientError
    from botocore.exceptions import BotoCoreError
    from botocore.exceptions import ClientError as BotoClientError

    return OSError, ClientError, BotoCoreError, BotoClientError, TypeError, ValueError


def open_object_store(arguments: ObjectStoreArguments, limits: SourceLimits) -> ObjectStoreSource:
    """Make a source of a bucket.

    Returns:
        The source; nothing is connected to yet.

    Raises:
        InvalidInputError: No such kind of store, or no credentials of that name.
    """
    scheme = arguments.url.partition("://")[0]
    if scheme not in _PROTOCOLS:
        raise InvalidInputError(f"url: {scheme}:// is no object store; there are {', '.join(_PROTOCOLS)}")
    options = named_secret(limits.secrets, arguments.secret)
    return ObjectStoreSource(arguments, options, max_bytes=limits.document_max_bytes)


KIND = Kind("object_store", "A bucket of S3 or a store like it.", ObjectStoreArguments, open_object_store)
