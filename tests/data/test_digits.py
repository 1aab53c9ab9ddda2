import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import stored
from ganatomy.data.digits import DIGITS, digits, stack
from ganatomy.errors import UsageError

TRAIN, HELD_OUT = load_splits("digits")
STACKED, STACKED_HELD_OUT = load_splits("stacked-digits")


def test_the_parts_make_up_all_1797_digits_and_share_none():
    pictures = torch.cat([part.read(range(part.size)) for part in (TRAIN, HELD_OUT)])
    assert (TRAIN.size, HELD_OUT.size) == (1438, 359)
    rows = {tuple(picture.flatten().tolist()) for picture in (pictures + 1) * 8}
    assert rows == {tuple(row) for row in load_digits().data.tolist()}
    assert len(rows) == 1797


def test_labels_belong_to_their_pictures():
    source = load_digits()
    known = {tuple(row): label for row, label in zip(source.data.tolist(), source.target.tolist(), strict=True)}
    for part in (TRAIN, HELD_OUT):
        rows = ((part.read(range(part.size)) + 1) * 8).flatten(1).tolist()
        assert [known[tuple(row)] for row in rows] == part.labels(range(part.size)).tolist()
        assert torch.bincount(part.labels(range(part.size))).min() > 0.7 * part.size / 10


def test_a_stack_is_three_real_digits_named_by_its_number():
    pictures, numbers = STACKED.read(range(200)), STACKED.labels(range(200))
    plain = TRAIN.read(range(TRAIN.size)).flatten(1)
    for place, power in enumerate((100, 10, 1)):
        distance, where = torch.cdist(pictures[:, place].flatten(1), plain).min(1)
        assert distance.max() < 1e-3
        assert torch.equal(TRAIN.labels(where), numbers // power % 10)
    assert [STACKED.classes[number] for number in numbers[:3].tolist()] == [f"{n:03d}" for n in numbers[:3].tolist()]


def test_parts_of_the_stack_share_no_digit():
    held_out = STACKED_HELD_OUT.read(range(50)).reshape(150, 64)
    assert torch.cdist(held_out, TRAIN.read(range(TRAIN.size)).flatten(1)).min() > 0.1
    assert not torch.equal(STACKED.labels(range(20)), STACKED_HELD_OUT.labels(range(20)))


def test_all_modes_and_all_digits_of_a_mode_are_equally_likely():
    numbers = STACKED.labels(range(100_000))
    assert stats.chisquare(torch.bincount(numbers, minlength=1000).numpy()).pvalue > 0.01
    ones = STACKED.read(range(20_000))[:, 2].flatten(1)[numbers[:20_000] % 10 == 1]
    plain = TRAIN.read(range(TRAIN.size)).flatten(1)[TRAIN.labels(range(TRAIN.size)) == 1]
    used = torch.bincount(torch.cdist(ones, plain).argmin(1), minlength=len(plain))
    assert stats.chisquare(used.numpy()).pvalue > 0.01


def test_a_stack_does_not_depend_on_the_batch():
    assert torch.equal(STACKED.read([7, 3]), torch.cat([STACKED.read([7]), STACKED.read([3])]))
    assert STACKED.endless
    assert not TRAIN.endless


def test_only_grey_digits_can_be_stacked():
    ones = stored("ones", "train", pictures=torch.zeros(2, 1, 2, 2).byte(), labels=torch.ones(2).long(), classes=DIGITS)
    with pytest.raises(
        UsageError, match=r"'ones' cannot be stacked\nstacks are made of grey pictures of all the digits"
    ):
        stack(ones)
    with pytest.raises(UsageError, match="'stacked-digits' cannot be stacked"):
        stack(stack(digits("train")))
