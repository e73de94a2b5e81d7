"""How many requests are at work at the same time, and which are turned away when there are too many."""

import asyncio
import math
import os
from collections import deque
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.intake import UNKNOWN_MAX_BYTES, body_length, early
from app.refusals import OF_OPENAI, refusal

if TYPE_CHECKING:
    from app.limit_settings import LimitSettings
    from app.settings import Settings

ALWAYS = ("/v1/health/", "/metrics", "/assets/", "/icon.svg", "/report.css")
SIGNING_IN = ("/v1/session", "/v1/setup", "/v1/oidc")
ASKING = ("/v1/answers", "/v1/search", "/v1/chat/", "/v1/embeddings", "/mcp")
ANALYTICS = (
    *("/v1/evaluations", "/v1/golden-sets", "/v1/monitoring", "/v1/doctor", "/v1/audit", "/v1/backups"),
    "/v1/review",
)
INGESTION = ("/v1/ingestions", "/v1/uploads", "/v1/sources", "/v1/quarantine")
_ANALYTICS_SHARE, _INGESTION_SHARE = 0.5, 0.75
_SIGN_INS_AT_ONCE, _SIGN_INS_WAITING = 4, 64
_SPARE_THREADS = 16
_LEAST_QUESTIONS_AT_ONCE = 4


class Gate:
    """Places for requests at work, and a short queue before them; of one event loop, so nothing is locked.

    Args:
        places: How many may be at work.
        queue: How many may wait.
        wait_s: How long they do.
    """

    def __init__(self, places: int, queue: int, *, wait_s: float) -> None:
        self._places = places
        self._queue = queue
        self._wait_s = wait_s
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self.at_work = 0

    async def enter(self, share: float = 1.0) -> bool:
        """Take a place, which ``leave`` gives back.

        Args:
            share: Of the places; who may not have all of them does not wait either.

        Returns:
            Whether there was one.
        """
        if self._has_place(share):
            self.at_work += 1
            return True
        if self.turns_away(share):
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._wait_s, self._give_up, turn)
        entered = False
        try:
            entered = await turn
        finally:
            timer.cancel()
            if not entered:
                self._withdraw(turn)
        return entered

    def turns_away(self, share: float = 1.0) -> bool:
        """Say whether who comes now is refused at once."""
        return not self._has_place(share) and (share < 1 or len(self._waiting) >= self._queue)

    def leave(self) -> None:
        """Give a place back: to whoever waits longest, if anybody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.at_work -= 1

    def _has_place(self, share: float) -> bool:
        return self.at_work < self._places * share and not self._waiting

    def _give_up(self, turn: "asyncio.Future[bool]") -> None:
        if not turn.done():
            self._waiting.remove(turn)
            turn.set_result(False)

    def _withdraw(self, turn: "asyncio.Future[bool]") -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif not turn.cancelled() and turn.result():
            self.leave()  # its turn came in the moment in which it went


class Admission:
    """Lets so many requests in at once; others are refused without a thread, a look at who asks, or a long body.

    A short body is read before: nobody holds a place with one that does not come. What can wait is refused first:
    evaluations and reports, then documents, then questions and all else. Health and the page are never refused; signing
    in has places of its own.

    Args:
        app: What serves those who are let in.
        settings: How many are let in, and how long they wait.
        questions: How many of them may be questions; all when None.
    """

    def __init__(self, app: ASGIApp, settings: "LimitSettings", questions: int | None = None) -> None:
        self._app = app
        self._threads = settings.requests_at_once + _SIGN_INS_AT_ONCE + _SPARE_THREADS
        waiting, wait_s = settings.requests_waiting, settings.request_wait_s
        self._gate = Gate(settings.requests_at_once, waiting, wait_s=wait_s)
        self._questions = Gate(questions or settings.requests_at_once, waiting, wait_s=wait_s)
        self._sign_ins = Gate(_SIGN_INS_AT_ONCE, _SIGN_INS_WAITING, wait_s=wait_s)
        self._timeout_s = settings.client_timeout_s
        # Made once, for there are many of them just when there is no time for it.
        said, headers = "the server has too much to do", {"Retry-After": str(math.ceil(wait_s))}
        self._refusal = refusal({"path": "/"}, 503, said, headers)
        self._refusal_of_openai = refusal({"path": OF_OPENAI[0]}, 503, said, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "lifespan":
            # Whoever is let in finds a thread, or the threads would be a second queue, without a bound or an order.
            to_thread.current_default_thread_limiter().total_tokens = self._threads
        if scope["type"] != "http" or _always(scope["path"]):
            await self._app(scope, receive, send)
            return
        gates, share = self._gates_of(scope), share_of(scope["method"], scope["path"])
        if any(gate.turns_away(share) for gate in gates):
            await self._refuse(scope, receive, send)
            return
        all_are_short = gates[0] is self._sign_ins
        try:
            receive = await early(scope, receive, timeout_s=self._timeout_s, all_are_short=all_are_short)
        except HTTPException as error:
            await refusal(scope, error.status_code, str(error.detail), error.headers)(scope, receive, send)
            return
        await self._behind(gates, share, scope, receive, send)

    def _gates_of(self, scope: Scope) -> tuple[Gate, ...]:
        if scope["path"].startswith(SIGNING_IN):
            return (self._sign_ins,)
        # One whose long body is still to come would hold one of these few places with waiting for it.
        if scope["path"].startswith(ASKING) and 0 < body_length(scope) <= UNKNOWN_MAX_BYTES:
            return (self._questions, self._gate)
        return (self._gate,)

    async def _behind(
        self, gates: tuple[Gate, ...], share: float, /, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not gates:
            await self._app(scope, receive, send)
        elif not await gates[0].enter(share):
            await self._refuse(scope, receive, send)
        else:
            try:
                await self._behind(gates[1:], share, scope, receive, send)
            finally:
                gates[0].leave()

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_openai = scope["path"].startswith(OF_OPENAI)
        await (self._refusal_of_openai if of_openai else self._refusal)(scope, receive, send)


def questions_at_once(settings: "Settings") -> int:
    """Return how many questions are worked on at once: what the processors can do, unless a language model does it.

    More threads than that answer no more questions, and the event loop, which refuses the others, waits for each of
    them whenever it needs the interpreter.
    """
    if settings.questions_at_once is not None:
        return settings.questions_at_once
    if settings.llm_url or settings.local_model:
        return settings.requests_at_once
    return min(settings.requests_at_once, max(_LEAST_QUESTIONS_AT_ONCE, 2 * (os.cpu_count() or 1)))


def share_of(method: str, path: str) -> float:
    """Return which share of the places requests of this kind may have: the less urgent they are, the less."""
    if path.startswith(ANALYTICS) or path.endswith(("/quality", "/quality.html")):
        return _ANALYTICS_SHARE
    if path.startswith(INGESTION) or (method == "POST" and path == "/v1/documents"):
        return _INGESTION_SHARE
    return 1.0


def _always(path: str) -> bool:
    return path == "/" or path.startswith(ALWAYS)
