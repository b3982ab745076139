"""How facts are written for a person."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iriai.commons.charter.rules import Preset
from iriai.commons.queries import Named
from iriai.web import shown

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_sizes_are_written_in_the_unit_a_person_would_choose():
    assert [shown.size(n) for n in (0, 999, 1_000, 1_500, 999_999, 90_868_376, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1.5 kB",
        "1 MB",
        "90.9 MB",
        "5 TB",
    ]


def test_counts_stay_whole_below_a_thousand_and_short_above():
    assert [shown.figure(n) for n in (0, 942, 1_342, 22_713_216, 7 * 10**9)] == [
        "0",
        "942",
        "1.3k",
        "22.7M",
        "7B",
    ]


def test_the_hub_is_written_small_in_the_middle_of_a_sentence():
    def named(name, fullname):
        return Named(1, name, fullname, Preset.SOLO, NOW)

    assert shown.called(named("hub", "This hub")) == "this hub"
    assert shown.called(named("hub", "")) == "this hub"
    assert shown.called(named("hub", "The valley's hub")) == "The valley's hub"
    assert shown.called(named("lab", "The lab")) == "The lab"
    assert shown.called(named("lab", "")) == "lab"


@given(st.integers(0, 10**18))
def test_no_size_takes_more_than_eight_characters(count):
    assert len(shown.size(count)) <= 8


def test_a_moment_is_told_from_now_until_it_is_a_year_old():
    def told(**passed: float) -> str:
        return shown.ago(NOW - timedelta(**passed), NOW)

    assert told(seconds=5) == "just now"
    assert told(minutes=1) == "1 minute ago"
    assert told(hours=23) == "23 hours ago"
    assert told(days=29) == "29 days ago"
    assert told(days=70) == "2 months ago"
    assert told(days=800) == "28 October 2023"
    assert shown.ago(None, NOW) == "never"
