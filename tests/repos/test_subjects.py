"""What the log names is found again."""

import pytest

from iriai.repos.rules import Kind
from iriai.repos.subjects import Place, place


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("repo/ada/tiny", Place(None, Kind.MODEL, "ada/tiny")),
        ("repo/datasets/ada/tiny", Place(None, Kind.DATASET, "ada/tiny")),
        ("repo/spaces/ada/tiny", Place(None, Kind.SPACE, "ada/tiny")),
        ("repo/17", Place(17, None, "")),
        ("repo/17/discussions/3", Place(17, None, "", 3)),
        ("repo/17/discussions", Place(None, Kind.MODEL, "17/discussions")),
        ("repo/17/discussions/discussions/3", Place(None, Kind.MODEL, "17/discussions", 3)),
        (
            f"repo/ada/tiny/discussions/3/comment/{'a' * 24}",
            Place(None, Kind.MODEL, "ada/tiny", 3, "a" * 24),
        ),
        ("account/ada", None),
        ("repo/", None),
        ("repo/ada", None),
        ("repo/ada/tiny/else", None),
    ],
)
def test_a_subject_of_the_log_names_a_place(subject, named):
    assert place(subject) == named
