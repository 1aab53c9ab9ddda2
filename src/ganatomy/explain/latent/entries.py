"""Where a vector enters a generator: the affine maps that see the latent, or the output of another place, first.

    for entry in entries(gan):                     # of the latent
        entry.site, matrix(entry).shape            # start.linear, (64, 3136): a row for each latent coordinate
    entries(gan, "mapping")                        # of w in a style network: the affine map of every layer
    mapping(gan)                                   # "mapping": which place that is; None where there is no such

Found by running: an entry is a module that has weights and none inside, is given the vector itself (alone, beside an
embedding, as a picture of one pixel, in parts, several times, scaled by numbers or sample by sample), is affine in it,
and is not reached through another entry. Its matrix is measured by feeding it unit vectors, so that weight
normalisation, scaled weights and foreign layers need no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.latent.directions import spoken
from ganatomy.explain.passes import Draw, draws, made
from ganatomy.models.evaluating import evaluating
from ganatomy.models.gan import GAN
from ganatomy.tracing.trace import watch

PROBES = 16  # samples that a vector is recognised by
LARGE = 1024.0  # unit vectors are fed at this size, so that rounding beside a bias does not show
CLOSE = 1e-4  # relative, for values that passed a few operations in float32; narrower types are given more


@dataclass(frozen=True, eq=False)
class Entry:
    """`gains`: what the module's input is of the vector, (width, inputs): times what each coordinate stands where.

    varies: the smallest and largest factor, where the vector is scaled sample by sample, which the gains leave out.
    """

    site: str
    module: nn.Module
    shape: tuple[int, ...]
    gains: Tensor
    varies: tuple[float, float] | None = None


Given = tuple[str, nn.Module, Tensor]


def entries(gan: GAN, source: str | None = None) -> tuple[Entry, ...]:
    """All modules that the latent enters, or the output of `source`, in the order of running."""
    draw = next(draws(gan, PROBES, seed=0))
    vector, seen = _run(gan, source, draw)
    held = ((at, _held(vector, given)) for at, (_, _, given) in enumerate(seen))
    found = {at: Entry(*seen[at][:2], tuple(seen[at][2].shape[1:]), *each) for at, each in held if each is not None}
    affine = _outermost(gan, draw, {at: each for at, each in found.items() if _is_affine(each, len(vector))}, seen)
    if not affine:
        what = f"what '{source}' puts out" if source else spoken(source)
        raise UsageError(
            f"no module was found that is affine in {what}",
            "name a place from which vectors enter affine maps, as in source='mapping'; weights that are used by a "
            "function alone cannot be found",
        )
    return affine


def matrix(entry: Entry) -> Tensor:
    """A with module(x) = A^T x + const: (width of the vector, outputs), float64, at the other inputs zero."""
    rows = LARGE * entry.gains
    found = (_out(entry, rows) - _out(entry, torch.zeros(1, rows.shape[1]))) / LARGE
    return found.double().cpu()


def mapping(gan: GAN) -> str | None:
    """The place whose output, made from the latent and not the latent itself, enters most affine maps, two or more.

    That is where w is made in a style network. Of several names of one output the outermost is given.
    """
    draw = next(draws(gan, PROBES, seed=0))
    other = replace(draw, z=draw.z.flip(0))
    scripts = torch.jit.ScriptModule  # which take no hooks
    names = [name for name, module in gan.generator.named_modules() if name and not isinstance(module, scripts)]
    outputs = _vectors(gan, draw, names)
    swapped = _vectors(gan, other, list(outputs))
    _, seen = _run(gan, None, draw)
    fed: dict[str, int] = {}
    for name, vector in outputs.items():
        moves = name in swapped and not torch.equal(vector, swapped[name])  # an embedding of labels does not
        if moves and _held(draw.z.double(), vector) is None:
            fed[name] = len({site for site, _, given in seen if _whole(vector, given)})
    often = sorted((name for name in fed if fed[name] > 1), key=lambda name: (-fed[name], name.count(".")))
    return next((name for name in often if len(_entries_or_none(gan, name)) > 1), None)


def _entries_or_none(gan: GAN, source: str) -> tuple[Entry, ...]:
    try:
        return entries(gan, source)
    except GanatomyError:  # nothing affine, or a place that cannot be watched
        return ()


def _vectors(gan: GAN, draw: Draw, names: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of modules that are one vector a sample, from one run."""
    found: dict[str, Tensor] = {}

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, out: Any) -> None:
            if isinstance(out, Tensor) and out.ndim == 2 and len(out) == len(draw) and out.is_floating_point():
                found[name] = out.detach().cpu().double()

        return hook

    with ExitStack() as attached:
        for name in names:
            module = gan.generator.get_submodule(name)
            attached.callback(module.register_forward_hook(note(name)).remove)
        made(gan.generator, draw)
    return found


def _whole(vector: Tensor, given: Tensor) -> bool:
    """Whether a module was given just this vector; cheap, since many pairs are looked at."""
    if given.ndim < 2 or given.flatten(1).shape != vector.shape:
        return False
    return float((given.flatten(1).cpu() - vector).abs().max()) <= CLOSE * float(vector.abs().max())


def _run(gan: GAN, source: str | None, draw: Draw) -> tuple[Tensor, list[Given]]:
    """The vector, (n, width), and what each bare module with weights was given."""
    seen: list[Given] = []

    def note(name: str) -> Callable[[nn.Module, Any], None]:
        def hook(module: nn.Module, inputs: Any) -> None:
            if inputs and isinstance(inputs[0], Tensor) and len(inputs[0]) == len(draw):
                seen.append((name, module, inputs[0].detach().clone()))

        return hook

    with ExitStack() as attached:
        for name, module in gan.generator.named_modules():
            if _bare(module):
                attached.callback(module.register_forward_pre_hook(note(name)).remove)
        if source is None:
            made(gan.generator, draw)
            return draw.z.double(), seen
        with watch(gan.generator, [source]) as trace:
            made(gan.generator, draw)
    return trace[source].flatten(1).cpu().double(), seen


def _bare(module: nn.Module) -> bool:
    """With weights, and no module inside but the parametrisations of its own weights; scripts take no hooks."""
    inner = [child for name, child in module.named_children() if name != "parametrizations"]
    hooked = not isinstance(module, torch.jit.ScriptModule)
    return hooked and not inner and any(True for _ in chain(module.parameters(), module.buffers()))


def _held(vector: Tensor, given: Tensor) -> tuple[Tensor, tuple[float, float] | None] | None:
    """Gains, and the factors where these vary, of a vector in a module's input; None where it is not there."""
    if given.ndim < 2 or not given.is_floating_point() or _inputs(given.shape[2:]) > 1:
        return None
    rows, close = given.flatten(1).cpu().double(), _close(given.dtype)
    return _constant(vector, rows, close) or (_varying(vector, rows, close) if vector.shape[1] > 1 else None)


def _constant(vector: Tensor, rows: Tensor, close: float) -> tuple[Tensor, None] | None:
    """Columns that are a number times a coordinate: of the whole vector or parts of it, once or often."""
    factors = vector.T @ rows / vector.square().sum(0)[:, None].clamp(min=1e-300)
    size = rows.abs().amax(0)
    gains = torch.zeros_like(factors)
    for row, coordinate in enumerate(vector.T):
        miss = (rows - coordinate[:, None] * factors[row]).abs().amax(0)
        gains[row] = torch.where((miss <= close * size) & (size > 0), factors[row], 0.0)
    gains = torch.where((gains - 1).abs() <= close, torch.ones_like(gains), gains)
    return (gains, None) if bool(gains.any()) else None


def _varying(vector: Tensor, rows: Tensor, close: float) -> tuple[Tensor, tuple[float, float]] | None:
    """Rows in proportion: the vector scaled to some norm, sample by sample. Anything is one coordinate scaled."""
    width = vector.shape[1]
    for first in range(rows.shape[1] - width + 1):
        part = rows[:, first : first + width]
        factor = (part * vector).sum(1, keepdim=True) / vector.square().sum(1, keepdim=True)
        size = factor.abs()
        if bool((size > 1e-6).all()) and float((part - factor * vector).abs().max()) <= close * float(
            vector.abs().max() * size.max()
        ):
            gains = torch.zeros(width, rows.shape[1], dtype=torch.float64)
            gains[:, first : first + width] = torch.eye(width, dtype=torch.float64)
            return gains, (float(factor.min()), float(factor.max()))
    return None


def _outermost(gan: GAN, draw: Draw, found: dict[int, Entry], seen: Sequence[Given]) -> tuple[Entry, ...]:
    """Those whose input stays as it was when all the others put out what belongs to the next sample."""
    if len(found) < 2:
        return tuple(found.values())
    with ExitStack() as attached:
        for module in {entry.module for entry in found.values()}:
            attached.callback(module.register_forward_hook(lambda _module, _given, out: out.roll(1, 0)).remove)
        _, dealt = _run(gan, None, draw)
    same = len(dealt) == len(seen)
    return tuple(each for at, each in found.items() if same and torch.equal(dealt[at][2], seen[at][2]))


def _close(dtype: torch.dtype) -> float:
    """How far values of this type that passed a few operations may lie apart, relative to their size."""
    return max(CLOSE, 4 * torch.finfo(dtype).eps)


def _is_affine(entry: Entry, n: int) -> bool:
    """module(x + y) = module(x) + module(y) - module(0), for inputs of ordinary size."""
    width = _inputs(entry.shape)
    place = torch.arange(n * width, dtype=torch.float64).reshape(n, width)
    x, y = torch.sin(place + 1).float(), torch.cos(1.7 * place).float()
    try:
        zero = _out(entry, torch.zeros(1, width))
        both, apart = _out(entry, x + y), _out(entry, x) + _out(entry, y) - zero
    except Exception:  # whatever a foreign module may raise on inputs of its own shape
        return False
    return float((both - apart).abs().max()) <= CLOSE * max(1e-6, float(both.abs().max()))


def _out(entry: Entry, rows: Tensor) -> Tensor:
    """The module's own output for flat inputs, flat; of a module of half precision, what its weights say in float32."""
    module = entry.module
    weight = next(chain(module.parameters(), module.buffers()))
    if weight.is_floating_point() and weight.dtype.itemsize < 4:
        module = deepcopy(module).float()
    given = rows.to(weight.device, max(weight.dtype, torch.float32, key=lambda each: each.itemsize))
    with evaluating(module), torch.no_grad():
        out: Tensor = module(given.reshape(len(rows), *entry.shape))
    return out.flatten(1).double().cpu()


def _inputs(shape: tuple[int, ...]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total
