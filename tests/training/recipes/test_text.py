"""YAML without its traps, and errors that name the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError, UsageError
from ganatomy.training.recipes.text import parsed, written


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2e-4", 2e-4),
        ("1E6", 1e6),
        (".5e1", 5.0),
        ("-3e2", -300.0),
        ("1.5e+3", 1500.0),
        ("0.1", 0.1),
        ("10_000", 10_000),
    ],
)
def test_numbers_are_numbers_also_without_point_or_sign(text: str, number: float) -> None:
    assert parsed(f"rate: {text}", "it") == {"rate": number}


@pytest.mark.parametrize("text", ["e4", "2e", "x2e-4", "2e-4x", '"2e-4"'])
def test_text_stays_text(text: str) -> None:
    assert isinstance(parsed(f"rate: {text}", "it")["rate"], str)


def test_a_key_that_stands_twice_is_an_error_with_its_line() -> None:
    with pytest.raises(UsageError, match="line 3 gives the key 'rate' again\ngive it once"):
        parsed("pace:\n  rate: 1\n  rate: 2\n", "it")
    with pytest.raises(UsageError, match="'a' again"):
        parsed("x: {a: 1, a: 1}", "it")


def test_a_key_that_is_no_word_is_an_error() -> None:
    with pytest.raises(UsageError, match="line 1 has the key 3\nkeys are words"):
        parsed("3: x", "it")


def test_what_is_no_yaml_is_an_error_with_line_and_column() -> None:
    with pytest.raises(InputError, match=r"my\.yaml, line 2, column 5 is no YAML: .*\nwrite `key: value` lines"):
        parsed("a: 1\nb: c: d\n", "my.yaml")


def test_no_object_is_ever_made_from_a_recipe() -> None:
    with pytest.raises(InputError, match="is no YAML"):
        parsed("a: !!python/object/apply:os.getcwd []", "it")


words = st.text("abc_xyz", min_size=1, max_size=6).filter(lambda word: word not in ("y", "x_y"))
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
content = st.dictionaries(
    words, st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner))
)


@given(content)
def test_what_is_written_is_read_back(plain: dict) -> None:
    assert parsed(written(plain), "it") == plain


def test_the_order_of_keys_stays() -> None:
    assert list(parsed(written({"z": 1, "a": 2, "m": 3}), "it")) == ["z", "a", "m"]
