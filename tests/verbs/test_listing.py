"""Lists by kind: complete, a sentence each, and plain about what is still to come."""

import pytest

from ganatomy.cli.completion import KINDS as OFFERED
from ganatomy.errors import UsageError
from ganatomy.training.recipes.shipped import RECIPES
from ganatomy.verbs.bench import BENCHES
from ganatomy.verbs.listing import KINDS, listing, planned


@pytest.mark.parametrize("what", KINDS)
def test_a_list_holds_sentences_or_says_why_it_is_empty(what):
    found = listing(what)
    assert all(sentence.strip() for sentence in found.values())
    assert bool(found) == (planned(what) is None)


def test_recipes_and_benches_are_all_there():
    assert tuple(listing("recipes")) == RECIPES
    assert set(listing("benches")) == set(BENCHES)


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UsageError, match="no list called 'recipe'\ndid you mean 'recipes'"):
        listing("recipe")


def test_the_shell_offers_the_same_kinds():
    assert tuple(KINDS) == OFFERED
