"""The page that people open: ask, and see the answer with its quotes."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)

_WEB = Path(__file__).resolve().parent.parent / "web"


@router.get("/")
def index() -> FileResponse:
    """Serve the page."""
    return FileResponse(_WEB / "index.html")


@router.get("/assets/{name}")
def asset(name: Literal["app.js", "app.css", "quality.css", "icon.svg"]) -> FileResponse:
    """Serve its script and style."""
    return FileResponse(_WEB / name)
