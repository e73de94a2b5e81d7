"""The figures of monitoring are kept as a series that outlives the process."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from eval.monitoring import MonitoringLog, Point
from retrieval.errors import ConflictError, InvalidInputError

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)


def point(name: str, hour: int, value: float | None = 1.0, **details) -> Point:
    return Point(name, AT + timedelta(hours=hour), value, details)


@pytest.fixture
def log(engine):
    return MonitoringLog(engine)


def test_a_series_comes_back_the_oldest_first(log):
    points = [point("a", 2, 0.5, alarm=True, words=["x", 1.5]), point("a", 0, None), point("b", 1)]
    log.add(points)
    assert log.series("a") == [points[1], points[0]]
    assert log.series("missing") == []
    assert log.series("\x00") == []


def test_a_series_can_begin_at_a_moment_and_be_cut_to_its_newest(log):
    log.add(point("a", hour, float(hour)) for hour in range(5))
    assert [p.value for p in log.series("a", since=AT + timedelta(hours=2))] == [3.0, 4.0]
    assert [p.value for p in log.series("a", limit=2)] == [3.0, 4.0]


def test_the_newest_point_of_every_name(log):
    assert log.newest() == {}
    log.add([point("a", 0), point("a", 3), point("b", 1)])
    assert log.newest() == {"a": point("a", 3), "b": point("b", 1)}


def test_a_moment_has_one_point_of_a_name_and_points_are_kept_together(log):
    log.add([point("a", 0, 1.0)])
    with pytest.raises(ConflictError):
        log.add([point("b", 0), point("a", 0, 2.0)])
    assert log.newest() == {"a": point("a", 0, 1.0)}


def test_nothing_is_added_without_points(log):
    log.add([])
    assert log.newest() == {}


def test_what_stands_behind_points_can_be_changed(log):
    log.add([point("a", 0, 1.0, alert="waiting"), point("a", 1, 2.0), point("b", 0, 3.0)])
    log.amend([point("a", 0, 1.0, alert="delivered"), point("missing", 0)])
    log.amend([])
    assert log.series("a") == [point("a", 0, 1.0, alert="delivered"), point("a", 1, 2.0)]
    assert log.series("b") == [point("b", 0, 3.0)]
    assert log.series("missing") == []


@pytest.mark.parametrize(
    "since",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 12, tzinfo=timezone(-timedelta(hours=24, minutes=-1))),
    ],
)
def test_a_moment_that_utc_does_not_hold_is_refused(log, since):
    with pytest.raises(InvalidInputError, match="years 1 to 9999"):
        log.series("a", since=since)


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_out_of_range_is_refused(log, limit):
    with pytest.raises(InvalidInputError):
        log.series("a", limit=limit)
