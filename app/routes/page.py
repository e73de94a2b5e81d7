"""The page that people open: one document for all its addresses, with its scripts and styles as they were built."""

import re
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)

AREAS = ("c", "assistants", "review", "documents", "sources", "runs", "quality", "learning", "people", "account")
"""First parts of the addresses that the page has a view for; all else is unknown to the server too."""

_BUILT = Path(__file__).resolve().parent.parent / "web" / "dist"
# The document names its scripts: looked at again each time. They carry the hash of their content in their names.
_KEPT = {"Cache-Control": "no-cache"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}


@router.get("/")
def index(request: Request) -> FileResponse:
    """Serve the page."""
    return _file(request, "index.html", _KEPT)


for _area in AREAS:
    router.add_api_route(f"/{_area}", index)
    router.add_api_route(f"/{_area}/{{rest:path}}", index)


@router.get("/assets/{name}")
def asset(request: Request, name: str) -> FileResponse:
    """Serve a script or a style of the page."""
    if not _PLAIN_NAME.fullmatch(name) or name.endswith((".br", ".gz")):
        raise HTTPException(404)
    return _file(request, f"assets/{name}", _FOREVER)


@router.get("/icon.svg")
def icon(request: Request) -> FileResponse:
    """Serve the icon."""
    return _file(request, "icon.svg", _KEPT)


@router.get("/report.css")
def report_style(request: Request) -> FileResponse:
    """Serve the style of the pages that are not built: reports, and errors of signing in."""
    return _file(request, "report.css", _KEPT)


def _file(request: Request, name: str, kept: dict[str, str]) -> FileResponse:
    """Send a file of the page, compressed as it was built where the browser takes that; its name is plain."""
    media_type = _TYPES.get(Path(name).suffix)
    if name == "index.html" and not (_BUILT / name).is_file():
        raise HTTPException(503, "the page was not built: run `make run` or `make page`, which build it")
    if media_type is None or not (_BUILT / name).is_file():
        raise HTTPException(404)
    headers = kept | {"Vary": "Accept-Encoding"}
    accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    for suffix, encoding in ((".br", "br"), (".gz", "gzip")):
        if encoding in accepted and (_BUILT / (name + suffix)).is_file():
            headers |= {"Content-Encoding": encoding}
            return FileResponse(_BUILT / (name + suffix), media_type=media_type, headers=headers)
    return FileResponse(_BUILT / name, media_type=media_type, headers=headers)
