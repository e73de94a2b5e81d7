"""The page that people open: ask, and see the answer with its quotes."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)

# The same for everybody; looked at again each time, for a page and its script belong to one version.
_KEPT = {"Cache-Control": "no-cache"}
_WEB = Path(__file__).resolve().parent.parent / "web"


@router.get("/")
def index() -> FileResponse:
    """Serve the page."""
    return FileResponse(_WEB / "index.html", headers=_KEPT)


@router.get("/assets/{name}")
def asset(name: Literal["app.js", "feedback.js", "app.css", "quality.css", "icon.svg"]) -> FileResponse:
    """Serve its script and style."""
    return FileResponse(_WEB / name, headers=_KEPT)
