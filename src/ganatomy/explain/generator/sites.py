"""Where a generator can be looked into: its inner places, from noise to picture, picked by one plain rule.

    for place in generator_sites(gan, next(draws(gan, 4, seed=0))):
        place.site, place.shape, place.spatial             # up1.act, (128, 14, 14), True

The rule, on one pass over a few samples, in the order of running:
1. every output of a module that has the samples as its first axis is a place; the picture and the latent are not;
2. where several modules hand on the same values (an act and the block that ends in it, a dropout, a change of shape),
   the innermost stands for them, or the innermost that has height and width where another lacks them;
3. it is (n, units) or (n, channels, height, width): of other shapes nobody can tell which axis counts the units
   (an LSTM's steps, a transformer's tokens), so that they are passed over, and refused where they are named;
4. what comes out of a non-linearity is taken: a module or a function, read from autograd's graph, a constant factor
   after it allowed. A generator without any inside gives all its places, and one without places gives the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.passes import Draw
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.tracing.site import Site, module_at, site_named

PROBED = 2  # samples that the rule looks at
WORTH = {4: 2, 2: 1}  # by the number of axes: maps before vectors, nothing else
TOLD = "which axis counts the units cannot be told"
SHAPES = "(n, units) or (n, channels, height, width)"
# Autograd's names with the modules that end so; ELU, SELU and CELU share one, ReLU6 is a Hardtanh.
RECTIFIERS = {
    "Relu": ("ReLU",),
    "LeakyRelu": ("LeakyReLU",),
    "PreluKernel": ("PReLU",),
    "RreluWithNoise": ("RReLU",),
    "Threshold": ("Threshold",),
    "Elu": ("ELU", "SELU", "CELU"),
    "Gelu": ("GELU",),
    "Silu": ("SiLU",),
    "Mish": ("Mish",),
    "Softplus": ("Softplus",),
    "Hardswish": ("Hardswish",),
}
BOUNDED = {
    "Tanh": ("Tanh",),
    "Sigmoid": ("Sigmoid",),
    "Softmax": ("Softmax",),
    "Hardtanh": ("Hardtanh", "ReLU6"),
    "Hardsigmoid": ("Hardsigmoid",),
}
OTHERS = {"LogSigmoid": ("LogSigmoid",), "Glu": ("GLU",), "Softshrink": ("Softshrink",)}
NONLINEAR = {**RECTIFIERS, **BOUNDED, **OTHERS}
MODULES = {module: name for name, modules in NONLINEAR.items() for module in modules}
BOUNDS = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Softmax": (0.0, 1.0), "Hardsigmoid": (0.0, 1.0)}
PASSED = {"View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Clone", "ToCopy", "Clamp", "Mul", "Div"}


@dataclass(frozen=True)
class SiteShape:
    """A place and the shape of one sample's activation there: (channels,) or (channels, height, width).

    `after`: the non-linearity that it comes out of, in autograd's name for it. `bounds`: the range that this leaves.
    """

    site: Site
    shape: tuple[int, ...]
    after: str | None = None
    bounds: tuple[float, float] | None = None

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def space(self) -> tuple[int, ...]:
        """Height and width, or nothing."""
        return self.shape[1:]

    @property
    def spatial(self) -> bool:
        return len(self.shape) == 3

    @property
    def rectified(self) -> bool:
        """Whether a unit that is never above zero is off here."""
        capped = self.after == "Hardtanh" and self.bounds is not None and self.bounds[0] == 0
        return self.after in RECTIFIERS or capped


@dataclass(frozen=True, eq=False)
class _Seen:
    """One output as it was when its module ran; `version` tells it from what in-place layers made of it later."""

    site: Site
    tensor: Tensor
    version: int
    after: str | None = None
    bounds: tuple[float, float] | None = None

    @property
    def worth(self) -> int:
        return WORTH.get(self.tensor.ndim, 0)

    @property
    def said(self) -> str:
        return f"(n, {', '.join(map(str, self.tensor.shape[1:]))})"

    @property
    def values(self) -> tuple[int, ...]:
        """The same for all tensors that hold the same numbers in the same memory."""
        kept = self.tensor
        return kept.untyped_storage().data_ptr(), int(kept.storage_offset()), kept.numel(), self.version


def generator_sites(gan: GAN, draw: Draw) -> tuple[SiteShape, ...]:
    """The rule above; `draw` gives the samples that are looked at."""
    return inner_sites(gan.generator, draw.z[:PROBED], labels=_few(draw.labels))


def inner_sites(network: nn.Module, batch: Tensor, *, labels: Tensor | None = None) -> tuple[SiteShape, ...]:
    """The same of any network, from what it is given to what it returns; nothing where nothing can be seen."""
    return _by_rule(*_observed(network, batch, labels))


def _by_rule(seen: list[_Seen], latent: tuple[int, ...], picture: tuple[int, ...]) -> tuple[SiteShape, ...]:
    inner = [each.values for each in seen if each.values not in (latent, picture)]
    every = _innermost(seen)
    places = [each for each in every if each.values in inner]
    chosen = [each for each in places if each.after is not None] or places or every[-1:]
    calls = _calls(seen)
    return tuple(_shape(each, _written(each.site, calls)) for each in chosen)


def named_sites(gan: GAN, draw: Draw, sites: Sequence[str | Site] | None) -> tuple[SiteShape, ...]:
    """The same of places that somebody names, in their order; None stands for the rule."""
    return sites_within(gan.generator, draw.z[:PROBED], sites, labels=_few(draw.labels))


def sites_within(
    network: nn.Module, batch: Tensor, sites: Sequence[str | Site] | None, *, labels: Tensor | None = None
) -> tuple[SiteShape, ...]:
    """Of any network: those that somebody names, or those of the rule."""
    if sites is None:
        observed = _observed(network, batch, labels)
        return _by_rule(*observed) or _none(network, observed[0])
    wanted = [site_named(site) for site in sites]
    if not wanted or len(set(wanted)) < len(wanted):
        raise UsageError(f"the sites {', '.join(map(str, wanted))} were given", "name one or more, each once")
    for site in wanted:
        module_at(network, site)  # a wrong name, or a place that cannot be seen, is an error here
    seen = _observed(network, batch, labels)[0]
    calls = _calls(seen)
    found = {_written(each.site, calls): each for each in seen}
    for site in wanted:
        if site not in found:
            like = [str(each) for each in found if each.name == site.name]
            raise UsageError(
                f"the site '{site}' gave no floating-point activation for each sample",
                f"its places are {', '.join(like)}" if like else "choose a module that runs once on every sample",
            )
        if not found[site].worth:
            like = list(dict.fromkeys(str(each) for each, place in found.items() if place.worth))
            raise UsageError(
                f"the site '{site}' gives {found[site].said}: {TOLD}",
                f"name a module that gives {SHAPES}" + (f": {', '.join(like)}" if like else ", such as an nn.Flatten"),
            )
    return tuple(_shape(found[site], site) for site in wanted)


def _none(network: nn.Module, seen: list[_Seen]) -> NoReturn:
    if seen:
        raise UsageError(
            f"all that was seen in a {type(network).__name__} is like '{seen[0].site.name}', {seen[0].said}: {TOLD}",
            f"let one of its modules give {SHAPES}, such as an nn.Flatten",
        )
    raise UsageError(
        f"nothing can be seen inside of a {type(network).__name__}: it is compiled or TorchScript, or no module of it"
        " gives an activation for each sample",
        "give the network that it was made of; in nn.Sequential(it) its output is seen",
    )


def _calls(seen: list[_Seen]) -> Mapping[str, int]:
    return Counter(each.site.name for each in seen if each.site.part in (None, 0))


def _few(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else labels[:PROBED]


def _shape(seen: _Seen, site: Site) -> SiteShape:
    return SiteShape(site, tuple(seen.tensor.shape[1:]), seen.after, seen.bounds)


def _innermost(seen: list[_Seen]) -> list[_Seen]:
    """One for each set of equal values, where the first of them stands; modules report from the inside out.

    Those of an unknown shape are left out.
    """
    found: dict[tuple[int, ...], _Seen] = {}
    for each in seen:
        before = found.setdefault(each.values, each)
        known = before if before.after is not None else each
        better = each if each.worth > before.worth else before
        found[each.values] = replace(better, after=known.after, bounds=known.bounds)
    return [each for each in found.values() if each.worth]


def _written(site: Site, calls: Mapping[str, int]) -> Site:
    """The call is only named where there are several."""
    return site if calls[site.name] > 1 else Site(site.name, None, site.part)


def _observed(
    network: nn.Module, batch: Tensor, labels: Tensor | None
) -> tuple[list[_Seen], tuple[int, ...], tuple[int, ...]]:
    """All outputs in order, and what input and output are made of; with autograd's graph where it can be."""
    device, dtype = home(network)
    given = () if labels is None else (labels.to(device),)
    start = batch.to(device, dtype, copy=True)
    for graph in (True, False):
        seen: list[_Seen] = []
        entry = start.clone().requires_grad_(graph).clone()  # no leaf, since a foreign network may work in place
        with evaluating(network), torch.set_grad_enabled(graph), ExitStack() as attached:
            for hook in _hooks(network, len(batch), seen):
                attached.callback(hook.remove)
            latent = _Seen(Site(""), entry, entry._version).values
            try:
                end = network(entry, *given)
            except RuntimeError:
                if not graph:
                    raise
                continue  # a foreign network may only run without gradients
        return seen, latent, _Seen(Site(""), end, end._version).values
    raise AssertionError("unreachable")


def _hooks(network: nn.Module, n: int, seen: list[_Seen]) -> Iterator[Any]:
    for name, module in network.named_modules():
        try:
            module_at(network, Site(name))
        except UsageError:  # compiled, scripted or exported: its calls do not come by
            continue
        yield module.register_forward_hook(_hook(name, n, seen))


def _hook(name: str, n: int, seen: list[_Seen]) -> Callable[[nn.Module, Any, Any], None]:
    calls = [0]

    def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
        for part, tensor in _parts(output):
            if isinstance(tensor, Tensor) and tensor.ndim > 1 and len(tensor) == n and tensor.is_floating_point():
                after, bounds = _after(tensor, module)
                seen.append(_Seen(Site(name, calls[0], part), tensor, tensor._version, after, bounds))
        calls[0] += 1

    return hook


def _parts(output: Any) -> Iterator[tuple[int | str | None, Any]]:
    if isinstance(output, Mapping):
        yield from output.items()
    elif isinstance(output, tuple | list):
        yield from enumerate(output)
    else:
        yield None, output


def _after(tensor: Tensor, module: nn.Module) -> tuple[str | None, tuple[float, float] | None]:
    """The last operation that is more than a constant factor or a change of shape, where it is no linear one."""
    node, scaled, name = tensor.grad_fn, False, MODULES.get(type(module).__name__)
    if node is None:  # without a graph the module's own name must do
        return name, _hard(module, ("min_val", "max_val")) if name == "Hardtanh" else BOUNDS.get(name or "")
    while node is not None:
        name = node.name().partition("Backward")[0]
        sources = [before for before, _ in node.next_functions if before is not None]
        if name not in PASSED or len(sources) != 1:
            break
        scaled, node = scaled or name in ("Mul", "Div"), sources[0]
    if name not in NONLINEAR:
        return None, None
    if scaled:
        return name, None
    return name, _hard(node, ("_saved_min_val", "_saved_max_val")) if name == "Hardtanh" else BOUNDS.get(name)


def _hard(holder: object, names: tuple[str, str]) -> tuple[float, float]:
    low, high = (float(getattr(holder, name)) for name in names)
    return low, high
