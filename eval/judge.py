"""A language model as a judge of answers, and how far it agrees with people. Optional: nothing else needs it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from eval.wording import spoken
from retrieval.errors import ModelError

_YES_OR_NO = re.compile(r"\W*(?:answer\W+)?(yes|no)\b", re.IGNORECASE)
# Alone on its line, as it was asked for: "3 mistakes are in it" is no grade of 3.
_GRADE = re.compile(r"\W*(?:score\W+)?(\d(?:\.\d+)?)(?:\s*/\s*5)?\W*?(?:\n|$)", re.IGNORECASE)
_MOST_FAILURES = 6
_REPLY_TOKENS = 256
_REASON_CHARS = 300
_PROMPT_CHARS = 4_000  # the longest of LlamaIndex's prompts, with room
_ENOUGH_LABELS = 30


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge holds of one answer; None where it gave no usable reply.

    Attributes:
        faithful: The passages bear the answer out.
        relevant: The answer and the passages are about the question.
        correctness: In [0, 1]: the grade against the reference answer, 1 to 5, moved to (grade - 1) / 4.
        reasons: ``faithful``, ``relevant``, ``correctness`` -> what the judge said, or why there is no judgement.
    """

    faithful: bool | None
    relevant: bool | None
    correctness: float | None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far judge and people agree on the same questions.

    Attributes:
        kappa: Cohen's kappa, in [-1, 1]: agreement beyond chance; None when both always say the same one thing, or
            nothing was judged by both.
        share: Of questions on which they agree, in [0, 1]; None when nothing was judged by both.
        n: Questions judged by both.
        note: Why a figure is missing or not to be relied on; None when there is nothing to say.
    """

    kappa: float | None
    share: float | None
    n: int
    note: str | None = None


class Judge:
    """Judges answers with a chat model behind an OpenAI-compatible URL, in the words of LlamaIndex's evaluators.

    Of the faithfulness and relevancy evaluators only the prompts are used. What they do around them reads and sets
    LlamaIndex's global settings and a tokenizer, cuts the passages anew, and takes every reply without a "yes" for a
    no: a model that says nothing of use would seem a strict judge.
    """

    def __init__(
        self, url: str, model: str, *, api_key: str | None = None, timeout_s: float = 60.0, context_tokens: int = 8192
    ) -> None:
        import httpx
        import openai
        from llama_index.core.evaluation import CorrectnessEvaluator, FaithfulnessEvaluator, RelevancyEvaluator
        from llama_index.llms.openai_like import OpenAILike

        self._evaluators: tuple[Any, Any, Any] = (FaithfulnessEvaluator, RelevancyEvaluator, CorrectnessEvaluator)
        self._key = api_key
        self._failed_in_a_row = 0
        self._room_chars = context_tokens * 4 - _PROMPT_CHARS
        # A client stays with the event loop it was first used in, so each judgement opens its own.
        self._client: Callable[[], Any] = partial(httpx.AsyncClient, timeout=timeout_s)
        self._llm: Callable[..., Any] = partial(
            OpenAILike,
            model=model,
            api_base=url,
            api_key=api_key or "none",
            is_chat_model=True,
            temperature=0.0,
            max_tokens=_REPLY_TOKENS,
            context_window=context_tokens,
            timeout=timeout_s,
            max_retries=0,
        )
        self._unreachable = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol)
        self._refused = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
        # A server that answers with something else than its protocol shows as KeyError and the like in the client.
        self._failures = (
            *(openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL),
            *(ValueError, KeyError, TypeError, AttributeError, IndexError),
        )

    def judge(
        self, question: str, answer: str, *, contexts: Sequence[str] = (), reference: str | None = None
    ) -> Judgement:
        """Have one answer judged; not to be called from a running event loop.

        Args:
            question: As it was asked.
            answer: As it was given; ``[n]`` marks are taken out.
            contexts: The passages or quotes it stands on; without any, only correctness is judged.
            reference: The right answer; None leaves correctness out.

        Returns:
            The judgement. A reply that cannot be read, or fails, is None there with its reason.

        Raises:
            ModelError: The server cannot be reached, does not let us in, does not have the model, or failed to reply
                six times in a row, two answers' worth: an evaluation would wait for days.
        """
        return asyncio.run(self._judged(question, spoken(answer), "\n\n".join(contexts), reference))

    async def _judged(self, question: str, answer: str, context: str, reference: str | None) -> Judgement:
        faithfulness, relevancy, correctness = self._evaluators
        blocked = self._blocked(question, answer, context)
        async with self._client() as client:
            llm = self._llm(async_http_client=client)
            faithful, said_of_faith = await self._yes_or_no(llm, faithfulness, answer, context, blocked)
            pair = f"Question: {question}\nResponse: {answer}"
            relevant, said_of_relevance = await self._yes_or_no(llm, relevancy, pair, context, blocked)
            grade, said_of_grade = None, "there is no answer" if not answer else "there is no reference answer"
            if answer and reference and reference.strip():
                grader = correctness(llm=llm, parser_function=_grade)
                result, failure = await self._tried(
                    grader.aevaluate(query=question, response=answer, reference=reference)
                )
                grade, said_of_grade = (None, failure) if failure else (result.score, result.feedback)
        reasons = {"faithful": said_of_faith, "relevant": said_of_relevance, "correctness": said_of_grade}
        return Judgement(faithful, relevant, grade, reasons)

    def _blocked(self, question: str, answer: str, context: str) -> str | None:
        if not answer:
            return "there is no answer"
        if not context.strip():
            return "there are no passages to judge by"
        # Cut passages would make a faithful answer look invented.
        if len(question) + len(answer) + len(context) > self._room_chars:
            return "question, answer and passages are too long for the judge's context"
        return None

    async def _yes_or_no(
        self, llm: Any, evaluator: Any, query: str, context: str, blocked: str | None
    ) -> tuple[bool | None, str]:
        if blocked:
            return None, blocked
        prompt = evaluator(llm=llm).get_prompts()["eval_template"]
        reply, failure = await self._tried(llm.apredict(prompt, query_str=query, context_str=context))
        if failure:
            return None, failure
        verdict = _YES_OR_NO.match(reply)
        return (verdict.group(1).lower() == "yes", _shown(reply)) if verdict else (None, _unreadable(reply))

    async def _tried(self, request: Awaitable[Any]) -> tuple[Any, str]:
        """Wait for a reply; in its place the reason when this one failed."""
        try:
            reply = await request
        except self._failures as error:
            self._failed_in_a_row += 1
            # A server that refuses a key often repeats it.
            words = f"{type(error).__name__}: {error}"
            words = words.replace(self._key, "***") if self._key else words
            if self._failed_in_a_row >= _MOST_FAILURES:
                raise ModelError(f"the judge model failed {_MOST_FAILURES} times in a row: {words}") from error
            if isinstance(error, self._refused) or isinstance(error.__cause__, self._unreachable):
                raise ModelError(f"the judge model cannot be asked: {words}") from error
            return None, f"the judge model failed: {words}"
        self._failed_in_a_row = 0
        return reply, ""


def agreement(judged: Mapping[str, bool | None], labels: Mapping[str, bool]) -> Agreement:
    """Compare the judge with people (Cohen 1960).

    Args:
        judged: Question id -> the judge's verdict; None where it gave none.
        labels: Question id -> what a person found.

    Returns:
        The agreement over the questions that both judged.
    """
    pairs = [(verdict, labels[key]) for key, verdict in judged.items() if verdict is not None and key in labels]
    n = len(pairs)
    if not n:
        return Agreement(None, None, 0, "no question was judged by both the model and a person")
    share = sum(verdict == label for verdict, label in pairs) / n
    yes, labelled_yes = sum(verdict for verdict, _ in pairs) / n, sum(label for _, label in pairs) / n
    chance = yes * labelled_yes + (1 - yes) * (1 - labelled_yes)
    notes = []
    if n < _ENOUGH_LABELS:
        notes.append(
            f"only {n} questions were judged by both: too few to rely on, {_ENOUGH_LABELS - n} more are needed"
        )
    if chance == 1.0:
        notes.append("kappa is not defined: both gave the same verdict to every question")
    kappa = (share - chance) / (1 - chance) if chance < 1.0 else None
    return Agreement(kappa, share, n, "; ".join(notes) or None)


def _grade(reply: str) -> tuple[float | None, str]:
    """Read a grade of 1 to 5; LlamaIndex's own parser fails on a reply of one line and takes any number."""
    first = _GRADE.match(reply)
    grade = float(first.group(1)) if first else 0.0
    return ((grade - 1) / 4, _shown(reply)) if 1 <= grade <= 5 else (None, _unreadable(reply))


def _shown(reply: str) -> str:
    return " ".join(reply.split())[:_REASON_CHARS]


def _unreadable(reply: str) -> str:
    return f"the judge's reply cannot be read: {_shown(reply)!r}"
