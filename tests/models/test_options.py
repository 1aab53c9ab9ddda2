"""Options: checked by their types, read from dictionaries, refused with the nearest name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ganatomy.errors import UsageError
from ganatomy.models.architectures import ARCHITECTURES, configure, from_dict, to_dict
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

PICTURE = Format.picture(1, 28)


@pytest.mark.parametrize("latent", [Normal(8), Uniform(8, classes=3), Sphere(8)], ids=str)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_config_survives_the_way_through_json(name: str, latent: Latent) -> None:
    config = configure(name, {}, format=PICTURE, latent=latent)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


def test_options_are_set_and_lists_become_tuples() -> None:
    config = configure("mlp", {"hidden": [3, 4], "dropout": 0.1}, format=Format.point(2), latent=Normal(2))
    assert config == MLP(Format.point(2), Normal(2), hidden=(3, 4), dropout=0.1)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


def test_unknown_names_say_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no architecture called 'dcgn'\ndid you mean 'dcgan'"):
        configure("dcgn", {}, format=PICTURE, latent=Normal(4))
    with pytest.raises(UsageError, match=r"no option of dcgan called 'widht'\ndid you mean 'width'"):
        configure("dcgan", {"widht": 3}, format=PICTURE, latent=Normal(4))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("dcgan", {"width": 0}, r"width=0 was asked for in DCGAN\nwidth is a whole number, at least 1"),
        ("dcgan", {"width": "wide"}, "width='wide' was asked for"),
        ("dcgan", {"width": True}, "width=True was asked for"),
        ("dcgan", {"width": 1.5}, "width=1.5 was asked for"),
        ("mlp", {"dropout": 1.0}, r"dropout=1.0 was asked for in MLP\ndropout is a number in \[0, 1\)"),
        ("mlp", {"dropout": float("nan")}, "dropout=nan was asked for"),
        ("mlp", {"hidden": [4, 0]}, r"hidden is a list of whole numbers"),
        ("mlp", {"hidden": 4}, r"hidden is a list of whole numbers"),
        ("mlp", {"critic_norm": "spectrl"}, r"critic_norm='spectrl' was asked for in MLP\ndid you mean 'spectral'"),
        ("style", {"scheme": "hee"}, r"did you mean 'he'"),
        ("r3", {"cardinality": 7}, r"128 channels cannot be split into 7 groups"),
    ],
)
def test_illegal_values_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        configure(name, options, format=PICTURE, latent=Normal(4))


def test_parts_of_the_wrong_kind_are_refused() -> None:
    with pytest.raises(UsageError, match="latent is a Latent"):
        MLP(PICTURE, 100)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"part of an architecture called 'options' is missing\ngive all of: name"):
        from_dict({"name": "mlp", "format": {}, "latent": {}})
    with pytest.raises(UsageError, match="no architecture of this package"):
        to_dict(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "mlp"])
@pytest.mark.parametrize("format", [Format.point(2), Format.picture(1, 30), Format.picture(1, (28, 32))], ids=str)
def test_sizes_that_cannot_be_built_say_which_can(name: str, format: Format) -> None:
    with pytest.raises(UsageError, match=rf"{name} cannot make a .*\nit makes square pictures of size 8, 14, 16, 28"):
        configure(name, {}, format=format, latent=Normal(4))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_ranges_without_an_activation_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"no output activation reaches .*\[0, 255\]\nranges that can be built"):
        configure(name, {}, format=Format.picture(1, 28, low=0, high=255), latent=Normal(4))
