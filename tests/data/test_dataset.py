import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.catalogue import load
from ganatomy.data.dataset import stored
from ganatomy.errors import UsageError
from ganatomy.results.formats import Format

BYTES = torch.arange(2 * 3 * 4, dtype=torch.uint8).reshape(6, 1, 2, 2) * 11
SIX = stored("six", "train", pictures=BYTES, labels=torch.tensor([0, 1, 0, 1, 0, 1]), classes=("even", "odd"))


def test_bytes_become_the_whole_range_and_nothing_beyond():
    ends = stored("ends", "train", pictures=torch.tensor([0, 16], dtype=torch.uint8).reshape(2, 1, 1, 1), white=16)
    assert ends.read(range(2)).flatten().tolist() == [-1.0, 1.0]
    assert ends.in_format(Format.picture(1, 1, low=0.0, high=1.0)).read([1, 0]).flatten().tolist() == [1.0, 0.0]
    assert ends.read(range(2)).dtype == torch.float32


@pytest.mark.parametrize("indices", [[4, 1, 1], range(5, 0, -2), range(2, 4), torch.tensor([3]), [], range(0)])
def test_a_batch_equals_one_by_one(indices):
    single = [SIX.read([int(index)]) for index in indices]
    assert torch.equal(SIX.read(indices), torch.cat([torch.empty(0, 1, 2, 2), *single]))
    assert SIX.labels(indices).tolist() == [int(index) % 2 for index in indices]


def test_what_is_read_is_the_readers_own():
    SIX.read(range(6)).fill_(9)
    SIX.labels(range(6)).fill_(9)
    assert SIX.read([0]).flatten()[0] == -1
    assert SIX.labels([1]).item() == 1


@pytest.mark.parametrize("indices", [[0, 6], [-1], range(3, 8), torch.tensor([6])])
def test_samples_that_are_not_there_are_refused(indices):
    for read in (SIX.read, SIX.labels):
        with pytest.raises(UsageError, match=r"of 'six' was asked for\n.* train part are numbered from 0 to 5"):
            read(indices)


def test_an_endless_set_is_checked_without_counting_through_it():
    with pytest.raises(UsageError, match=f"sample {2**60} of 'ring8'"):
        load("ring8").read(range(2**60 + 1))
    assert load("ring8").read(range(2**59, 2**59 + 2)).shape == (2, 2)


def test_a_generator_of_another_shape_is_a_mismatch():
    with pytest.raises(UsageError, match=r"'six' are picture 1 x 2 x 2.*wanted was picture 1 x 4 x 4.*\n.*resized"):
        SIX.in_format(Format.picture(1, 4))
    with pytest.raises(UsageError, match="cannot turn point 2, unbounded"):
        load("ring8").in_format(Format((2,), 0.0, 1.0))


@pytest.mark.parametrize("size", [4, 5, 16])
def test_resized_pictures_are_those_of_pillow(size):
    digits = load("digits")
    resized = digits.resized(size).read(range(20))[:, 0]
    for plain, new in zip(digits.read(range(20))[:, 0], resized, strict=True):
        oracle = Image.fromarray(plain.numpy()).resize((size, size), Image.Resampling.BILINEAR)
        assert torch.allclose(new, torch.from_numpy(np.array(oracle)), atol=1e-5)


def test_resized_pictures_are_a_data_set_of_their_own():
    digits = load("digits")
    small, large = digits.resized(4), digits.resized(16)
    large.format.check(large.read(range(50)))
    assert large.in_format(Format.picture(1, 16, low=0.0, high=1.0)).read(range(50)).min() == 0
    assert large.read([]).shape == (0, 1, 16, 16)
    assert len({digits.fingerprint, small.fingerprint, large.fingerprint}) == 3
    assert torch.equal(digits.resized(8).read([3]), digits.read([3]))


@pytest.mark.parametrize(("data", "size"), [(SIX, 0), (load("ring8"), 4)], ids=["nothing", "points"])
def test_what_cannot_be_resized_is_refused(data, size):
    with pytest.raises(UsageError, match=f"cannot be resized to {size}"):
        data.resized(size)


@pytest.mark.parametrize("name", ["digits", "stacked-digits", "shapes", "ring8"])
def test_data_sets_travel_to_other_processes(name):
    data = load(name)
    assert torch.equal(pickle.loads(pickle.dumps(data)).read(range(3)), data.read(range(3)))


def test_a_data_set_shows_itself_in_a_line():
    assert len(repr(load("stacked-digits"))) < 400


def test_a_part_is_a_data_set_of_some_of_the_samples_and_larger_parts_hold_the_smaller_ones():
    digits = load("digits")
    small, large = (digits.part(share, seed=3) for share in (0.1, 0.5))
    assert (small.size, large.size) == (round(0.1 * digits.size), round(0.5 * digits.size))
    whole = {digits.read([place]).numpy().tobytes(): int(digits.labels([place])) for place in range(digits.size)}
    read = [{part.read([i]).numpy().tobytes() for i in range(part.size)} for part in (small, large)]
    assert read[0] < read[1] < set(whole)
    assert [whole[small.read([i]).numpy().tobytes()] for i in range(9)] == small.labels(range(9)).tolist()
    assert small.fingerprint != large.fingerprint != digits.fingerprint
    assert digits.part(1, seed=3) is digits


@pytest.mark.parametrize(("share", "name"), [(0, "digits"), (1.1, "digits"), (0.5, "ring8")])
def test_a_share_that_is_none_is_refused(share, name):
    with pytest.raises(UsageError, match="a share lies above 0"):
        load(name).part(share, seed=0)
