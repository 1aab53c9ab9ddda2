"""Nothing that the catalogues offer is without its method, and every method says something."""

from ganatomy.report.methods import methods, table
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES


def test_every_explainer_and_measure_has_an_entry_and_nothing_else_has():
    assert {method.name for method in table()} == EXPLAINERS.keys() | MEASURES.keys()


def test_in_the_order_of_the_table_each_once_and_strangers_are_left_out():
    assert [each.name for each in methods(["copies", "dissection", "copies", "nobody"])] == ["dissection", "copies"]
    assert methods([]) == ()


def test_each_is_a_sentence_or_two_and_a_reference_has_a_year():
    for method in table():
        assert method.said.endswith(".")
        assert "\n" not in method.said + method.reference
        assert 1 <= method.said.count(". ") + 1 <= 4
        assert not method.reference or "(" in method.reference
