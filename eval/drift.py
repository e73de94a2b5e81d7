"""Whether the questions of a window differ from those of a reference by more than chance; pure, seeded.

Every detector is a permutation test, so that its false alarms are what they claim to be at the size of the window: the
usual limits of the population stability index (.1, .25) raise false alarms at 112 questions. A classifier that tells
the two apart, which libraries default to, was blind at that size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.statistics import FloatArray, IntArray, blocks, holm
from retrieval.errors import InvalidInputError

ALPHA = 0.05
"""All detectors together raise a false alarm in as many windows."""
LEAST_QUESTIONS = 30
PERMUTATIONS = 1000

_BINS = 10
_REFERENCE_MOST = 2000  # a larger one is sampled: the kernel matrix grows with the square, 36 MB at this size
_SMOOTHING = 0.5  # of a question in every bin, so that an empty bin says much but not everything
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Drifted:
    """What one test says.

    Attributes:
        statistic: How far the window lies from the reference.
        p_value: How often windows drawn at random from both lie as far.
    """

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Questions that were asked, one entry each in every field, in the same order.

    Attributes:
        embeddings: Shape (questions, dim), L2 norm 1.
        top_scores: Of the best passage, comparable between questions (a cosine, not a fused score); NaN where nothing
            was found.
        gaps: Between the best and the second passage, >= 0; NaN where there were not two.
        abstained: Whether no answer was given.
        lengths: Of the question, in words or characters, the same for both windows.
        languages: Code or ``unknown``.
    """

    embeddings: NDArray[np.floating]
    top_scores: FloatArray
    gaps: FloatArray
    abstained: NDArray[np.bool_]
    lengths: IntArray
    languages: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.languages)


@dataclass(frozen=True, slots=True)
class Detection:
    """What one detector says of a window.

    Attributes:
        name: What was looked at: ``questions`` (their meaning), ``top_score``, ``score_gap``, ``abstention``,
            ``length``, ``language``.
        statistic: MMD^2 of ``questions``, otherwise the population stability index; None without enough data.
        p_adjusted: After Holm over the detectors.
        more_questions: How many the window lacks; 0 where there is enough.
    """

    name: str
    statistic: float | None
    p_value: float | None
    p_adjusted: float | None
    verdict: Literal["drift", "no drift found", "not enough data"]
    more_questions: int = 0

    @property
    def drifted(self) -> bool:
        """Whether it raises the alarm."""
        return self.verdict == "drift"


def detect(reference: Window, window: Window, *, seed: int) -> tuple[Detection, ...]:
    """Look for drift in what is asked and in how it is answered.

    Args:
        reference: Questions of a time that was well; several times as many as in the window is best.
        window: Recent questions, none of them in the reference; 100 and more show a shift of a fifth.
        seed: The same seed gives the same answer.

    Returns:
        One detection a detector. All together raise a false alarm in 5 % of the windows (Holm).

    Raises:
        InvalidInputError: The two were embedded by different models.
    """
    if reference.embeddings.shape[1:] != window.embeddings.shape[1:]:
        raise InvalidInputError(
            f"the questions were embedded by different models: {reference.embeddings.shape[1:]} and "
            f"{window.embeddings.shape[1:]} numbers a question"
        )
    tests = {
        "questions": partial(mmd_test, reference.embeddings, window.embeddings),
        "top_score": partial(psi, reference.top_scores, window.top_scores),
        "score_gap": partial(psi, reference.gaps, window.gaps),
        "abstention": partial(psi_of_kinds, reference.abstained.tolist(), window.abstained.tolist()),
        "length": partial(psi, reference.lengths.astype(np.float64), window.lengths.astype(np.float64)),
        "language": partial(psi_of_kinds, reference.languages, window.languages),
    }
    missing = {name: _missing(test.args) for name, test in tests.items()}
    found = {name: test(seed=seed) for name, test in tests.items() if not missing[name]}
    adjusted = dict(zip(found, holm([drifted.p_value for drifted in found.values()]), strict=True))
    return tuple(_detection(name, found.get(name), adjusted.get(name), missing[name]) for name in tests)


def mmd_test(
    reference: NDArray[np.floating], window: NDArray[np.floating], *, seed: int, permutations: int = PERMUTATIONS
) -> Drifted:
    """Test whether two samples of vectors come from one distribution (Gretton et al. 2012).

    Args:
        reference: Shape (n, dim), at least two; of more than 2,000 as many are drawn.
        window: Shape (m, dim), at least two.
        seed: The same seed gives the same answer.
        permutations: How often the vectors are dealt out anew.

    Returns:
        The unbiased MMD^2 with an RBF kernel as wide as the median distance, and its p-value.
    """
    rng = np.random.default_rng(seed)
    if len(reference) > _REFERENCE_MOST:
        reference = reference[rng.choice(len(reference), _REFERENCE_MOST, replace=False)]
    kernel = _rbf(np.concatenate([reference, window]).astype(np.float64))
    n, m = len(reference), len(window)
    rows, total = kernel.sum(axis=0), kernel.sum()

    def statistics(of_window: FloatArray) -> FloatArray:
        """One row of 0 and 1 a deal, shape (deals, n + m) -> MMD^2, shape (deals,)."""
        inside = ((of_window @ kernel) * of_window).sum(axis=1)
        across = of_window @ rows - inside
        outside = total - inside - 2 * across
        return np.asarray(inside / (m * (m - 1)) + outside / (n * (n - 1)) - 2 * across / (n * m), dtype=np.float64)

    drawn = np.repeat([[0.0, 1.0]], [n, m], axis=1)
    observed, as_extreme = float(statistics(drawn)[0]), 1
    for shape in blocks(permutations, n + m):
        dealt = rng.permuted(np.broadcast_to(drawn, shape), axis=1)
        as_extreme += int((statistics(dealt) >= observed - _ROUNDING).sum())
    return Drifted(observed, as_extreme / (1 + permutations))


def psi(
    reference: FloatArray, window: FloatArray, *, seed: int, bins: int = _BINS, permutations: int = PERMUTATIONS
) -> Drifted:
    """Test whether a number is spread as before: population stability index over quantiles of the reference.

    Args:
        reference: Shape (n,); NaN counts for nothing.
        window: Shape (m,); NaN counts for nothing.
        seed: The same seed gives the same answer.
        bins: Quantiles; values that are often equal make fewer.
        permutations: How often the values are dealt out anew.

    Returns:
        The index, >= 0, and its p-value.
    """
    reference, window = (values[~np.isnan(values)] for values in (reference, window))
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    codes = np.searchsorted(edges, np.concatenate([reference, window]), side="left")
    return _psi(codes, len(window), seed=seed, permutations=permutations)


def psi_of_kinds(
    reference: Sequence[object], window: Sequence[object], *, seed: int, permutations: int = PERMUTATIONS
) -> Drifted:
    """Test whether kinds are as frequent as before.

    Args:
        reference: One kind a question.
        window: The same.
        seed: The same seed gives the same answer.
        permutations: How often the kinds are dealt out anew.

    Returns:
        The population stability index, >= 0, and its p-value.
    """
    codes = np.array([str(kind) for kind in (*reference, *window)])
    return _psi(codes, len(window), seed=seed, permutations=permutations)


def _psi(codes: NDArray[np.generic], m: int, *, seed: int, permutations: int) -> Drifted:
    """Test the last m codes against those before them; bins that nothing is in do not exist."""
    kinds, everyone = np.unique(codes, return_counts=True)
    _, of_window = np.unique(np.concatenate([kinds, codes[-m:]]), return_counts=True)
    # Dealing the questions out anew and counting kinds is drawing the counts from an urn.
    dealt = np.random.default_rng(seed).multivariate_hypergeometric(everyone, m, size=permutations, method="marginals")
    inside = np.concatenate([[of_window - 1], dealt])
    now = (inside + _SMOOTHING) / (m + _SMOOTHING * len(kinds))
    before = (everyone - inside + _SMOOTHING) / (len(codes) - m + _SMOOTHING * len(kinds))
    indexes = ((now - before) * np.log(now / before)).sum(axis=1)
    observed = float(indexes[0])
    # The observed deal is among them, so it counts itself (Phipson & Smyth 2010).
    return Drifted(observed, float((indexes >= observed - _ROUNDING).sum() / (1 + permutations)))


def _rbf(vectors: FloatArray) -> FloatArray:
    """Kernel of every pair, 0 of a vector with itself, which the unbiased estimate leaves out; shape (n, n)."""
    squares = (vectors**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T, 0.0)
    # Equal vectors have no distance to be as wide as; any width does then.
    median = float(np.median(distances[np.triu_indices(len(vectors), k=1)])) or 1.0
    kernel = np.exp(-distances / median)
    np.fill_diagonal(kernel, 0.0)
    return np.asarray(kernel, dtype=np.float64)


def _missing(samples: tuple[object, ...]) -> int:
    known = [np.asarray(sample) for sample in samples]
    counts = [int((~np.isnan(k)).sum()) if k.ndim == 1 and k.dtype.kind == "f" else len(k) for k in known]
    return max(0, LEAST_QUESTIONS - min(counts))


def _detection(name: str, found: Drifted | None, p_adjusted: float | None, missing: int) -> Detection:
    if found is None or p_adjusted is None:
        return Detection(name, None, None, None, "not enough data", missing)
    verdict: Literal["drift", "no drift found"] = "drift" if p_adjusted < ALPHA else "no drift found"
    return Detection(name, found.statistic, found.p_value, p_adjusted, verdict)
