"""Owners become file names that stay in their folder."""

import pytest

from pipeline.lists.file_names import file_stems


@pytest.mark.parametrize(
    ("owner", "stem"),
    [
        ("Anna Meyer", "Anna_Meyer"),
        ("../x", "x"),
        ("/etc/passwd", "etc_passwd"),
        ("..", "owner"),
        ("C:\\x", "C_x"),
        ("CON", "CON_"),
        ("nul", "nul_"),
        ("Com1", "Com1_"),
        ("COM¹", "COM¹_"),
        ("console", "console"),
        ("a.b.", "a_b"),
        ("名前", "名前"),
        ("\x00\n", "owner"),
        ("x" * 500, "x" * 100),
        ("é" * 500, "é" * 50),
        (None, "unassigned"),
        ("", "unassigned"),
        ("  ", "unassigned"),
    ],
)
def test_stem(owner: str | None, stem: str) -> None:
    assert file_stems([owner])[owner] == stem


def test_names_that_collide_get_numbers() -> None:
    assert file_stems(["anna", "Anna", "ANNA", "anna-2"]) == {
        "ANNA": "ANNA",
        "Anna": "Anna-2",
        "anna": "anna-3",
        "anna-2": "anna-2-2",
    }


def test_nobody_takes_the_place_of_the_unassigned() -> None:
    assert file_stems(["Unassigned", None]) == {None: "unassigned", "Unassigned": "Unassigned-2"}
