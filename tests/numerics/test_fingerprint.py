"""A fingerprint names content: every change of a value, a name, a type or a shape gives another."""

from __future__ import annotations

import torch

from ganatomy.numerics.fingerprint import fingerprint, named


def test_equal_content_has_one_fingerprint_whatever_its_layout() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert fingerprint(x) == fingerprint(x.clone()) == fingerprint(x.T.contiguous().T)
    assert fingerprint(*named({"b": x, "a": x})) == fingerprint(*named({"a": x, "b": x}))
    assert len(fingerprint(x)) == 32


def test_every_change_gives_another() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    nudged = x.clone()
    nudged[0, 0] = torch.finfo(torch.float32).tiny
    versions = [
        fingerprint(x),
        fingerprint(nudged),
        fingerprint(x.reshape(3, 2)),
        fingerprint(x.double()),
        fingerprint(x.bfloat16()),
        fingerprint(x.int()),
        fingerprint(x, x),
        fingerprint("x", x),
        fingerprint(x, "x"),
        fingerprint("ab"),
        fingerprint("a", "b"),
        fingerprint(*named({"a": x})),
        fingerprint(*named({"b": x})),
        fingerprint(torch.empty(0)),
        fingerprint(),
    ]
    assert len(set(versions)) == len(versions)
