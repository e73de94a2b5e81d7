"""A document is as old as it says, and only where it says so."""

from datetime import date

import pytest

from ingestion.findings.staleness import said_dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Last updated: 2021-03-09", date(2021, 3, 9)),
        ("last reviewed on March 9, 2021", date(2021, 3, 9)),
        ("Last updated 9th March 2021", date(2021, 3, 9)),
        ("Revised: Mar 2021", date(2021, 3, 1)),
        ("Stand: 09.03.2021", date(2021, 3, 9)),
        ("Zuletzt aktualisiert am 9. März 2021", date(2021, 3, 9)),
        ("Dernière mise à jour : 9 mars 2021", date(2021, 3, 9)),
        ("Última actualización: 9 de mar. de 2021", date(2021, 3, 9)),
        ("Last updated: 09/03/2021", date(2021, 9, 3)),  # could be either day: the later one counts
        ("Last updated: 25/03/2021", date(2021, 3, 25)),
        ("Last updated 2019-01-01. Last reviewed 2021-03-09.", date(2021, 3, 9)),
        ("Last updated: " + "2021-03-09" + " x" * 9_000, date(2021, 3, 9)),
    ],
)
def test_the_day_of_the_last_update_is_read(text, day):
    assert said_dates(text).updated_on == day


def test_the_end_of_validity_is_read():
    assert said_dates("This rate is valid until 31 December 2022.").valid_until == date(2022, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The budget of 2019-03-01",
        "Updated 2020-13-45",
        "last updated: soon 2020",
        "The last update of Foo 2000 came",
    ],
)
def test_any_other_date_says_nothing(text):
    assert said_dates(text).updated_on is None
