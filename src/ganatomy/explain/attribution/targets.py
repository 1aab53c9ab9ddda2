"""What is explained: one number of each sample, as a function of the samples or of what is inside a network.

    attribute(Scorer(gan), pictures, ...)                        # a module: its own number
    attribute(class_logit(classifier, 3), pictures, ...)         # one logit of a classifier
    attribute(through(gan), z, ...)                              # the score of G(z), over latents
    Target(lambda x: net(x).square().sum(1), net)                # any function, with the network whose sites it names

`Explained` splits such a function at a site by editing: f(a) is the target of the same samples with the site's
activation replaced by a. That is exact for every network, also where connections go round the site (they keep what
the samples gave), and it is what captum's Layer and Neuron classes compute, by one mechanism for all methods. The
price is that what comes before the site runs again with every pass.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.evaluating import home
from ganatomy.models.gan import GAN
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site, module_at, site_named
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import Unit
from ganatomy.tracing.visit import visiting

Function = Callable[..., Tensor]
Place = str | Site | Unit


class Target(nn.Module):
    """`function` of samples and, where there are any, labels; `network`: where its sites are, called once in it."""

    def __init__(self, function: Function, network: nn.Module | None = None) -> None:
        super().__init__()
        self.function = function
        if network is not None and not isinstance(function, nn.Module):
            self.inside = network  # among the modules, so that its modes are set and DeepLift finds it
        self._network = (network,)  # in a tuple: twice among the modules it would be hooked twice
        self.direct = isinstance(function, Scorer) or function is network  # samples enter the network as they are

    @property
    def network(self) -> nn.Module | None:
        return self._network[0]

    def forward(self, samples: Tensor, *labels: Tensor) -> Tensor:
        return self.function(samples, *labels)


def target_of(target: nn.Module | Function) -> Target:
    """A scorer's sites are its critic's; another module's are its own; a bare function has none."""
    if isinstance(target, Target):
        return target
    if isinstance(target, Scorer):
        return Target(target, target.critic)
    return Target(target, target if isinstance(target, nn.Module) else None)


def class_logit(classifier: nn.Module, number: int) -> Target:
    return Target(lambda samples: classifier(samples)[:, number], classifier)


class _Through(nn.Module):
    def __init__(self, generator: nn.Module, score: nn.Module) -> None:
        super().__init__()
        self.generator, self.score = generator, score

    def forward(self, z: Tensor, *labels: Tensor) -> Tensor:
        out: Tensor = self.score(self.generator(z, *labels), *labels)
        return out


def through(gan: GAN, score: nn.Module | None = None) -> Target:
    """A score of the generator's pictures over its latents; its sites are the generator's."""
    return Target(_Through(gan.generator, Scorer(gan) if score is None else score), gan.generator)


class Explained(nn.Module):
    """f(value, *given): `given` is the samples where the function is split `at` a place, then the labels if any.

    Attributed is what `read` gives: the samples, a site's activation, or one unit's. With `of` the number explained is
    that unit's mean over its places, instead of the target's own. `last` keeps the numbers of the latest pass.
    """

    def __init__(self, target: Target, at: Place | None, of: Unit | None) -> None:
        super().__init__()
        if (at is not None or of is not None) and target.network is None:
            raise UsageError(
                f"a place inside of a {type(target.function).__name__} was named",
                "say which network it calls: Target(function, network)",
            )
        if of is not None and not isinstance(of, Unit):
            raise UsageError(f"{of!r} was given to be explained", 'give a unit: channel("down2.act", 3)')
        self.target, self.of = target, of
        self.unit = at if isinstance(at, Unit) else None
        self.site = at.site if isinstance(at, Unit) else None if at is None else site_named(at)
        for site in (self.site, None if of is None else of.site):
            if site is not None:
                module_at(self.network, site)  # a wrong name is an error here
        self.last: Tensor | None = None

    @property
    def network(self) -> nn.Module:
        assert self.target.network is not None
        return self.target.network

    def home(self, samples: Tensor) -> tuple[torch.device, torch.dtype]:
        """Where samples must be: a function without weights takes them as they are."""
        weights = chain(self.target.parameters(), self.target.buffers())
        floating = any(tensor.is_floating_point() for tensor in weights)
        return home(self.target) if floating else (samples.device, samples.dtype)

    def read(self, samples: Tensor, *labels: Tensor) -> Tensor:
        """What is attributed, without gradients; for the samples themselves nothing runs."""
        if self.site is None:
            return samples
        with torch.no_grad(), watch(self.network, [self.site]) as trace:
            self.target(samples, *labels)
        activation = trace[self.site]
        if activation.ndim < 2 or len(activation) != len(samples):
            raise UsageError(
                f"the site '{self.site}' is {tuple(activation.shape)} for {len(samples)} samples",
                "choose a site that has channels for each sample",
            )
        return activation if self.unit is None else self.unit.read(activation)

    def slopes(self, samples: Tensor, *labels: Tensor) -> tuple[Tensor, Tensor]:
        """A site's activation and the slope of the number in it, from one pass that begins anew at the site."""
        begun: list[Tensor] = []

        def begin(_site: Site, activation: Tensor) -> Tensor:
            begun.append(activation.detach().requires_grad_())
            return begun[-1].clone()  # the next layer may work in place

        assert self.site is not None
        out = self._run(samples, labels, visiting(self.network, [self.site], begin))
        if len(begun) != 1:
            raise UsageError(f"the site '{self.site}' ran {len(begun)} times", "name the call: block#1")
        (slope,) = torch.autograd.grad(out.sum(), begun)
        return begun[0].detach(), slope

    def forward(self, value: Tensor, *given: Tensor) -> Tensor:
        def write(activation: Tensor) -> Tensor:
            return value if self.unit is None else self.unit.write(activation, value)

        samples, labels = (value, given) if self.site is None else (given[0], given[1:])
        out = self._run(samples, labels, nullcontext() if self.site is None else edit(self.network, {self.site: write}))
        self.last = out.detach()
        return out

    def _run(self, samples: Tensor, labels: tuple[Tensor, ...], within: AbstractContextManager[None]) -> Tensor:
        """The numbers, (n,)."""
        read: list[Tensor] = []

        def keep(_site: Site, activation: Tensor) -> None:
            read.append(activation.clone())  # a later layer may work in place

        watched = nullcontext() if self.of is None else visiting(self.network, [self.of.site], keep)
        with within, watched:
            # A foreign network may work in place on what it is given; a scorer sees to that itself.
            out = self.target(samples if isinstance(self.target.function, Scorer) else samples.clone(), *labels)
        return _one_each(out, len(samples)) if self.of is None else self._mean(read)

    def _mean(self, read: list[Tensor]) -> Tensor:
        assert self.of is not None
        if len(read) != 1:
            raise UsageError(f"the site '{self.of.site}' ran {len(read)} times", "name the call: block#1")
        value = self.of.read(read[0])
        return value.reshape(len(value), -1).mean(1)


def _one_each(out: object, n: int) -> Tensor:
    if not isinstance(out, Tensor) or not out.ndim or len(out) != n or out.numel() != n:
        said = f"numbers of shape {tuple(out.shape)}" if isinstance(out, Tensor) else f"a {type(out).__name__}"
        raise UsageError(
            f"the target gave {said} for {n} samples",
            "explain one number of each: class_logit(classifier, 3), or a function that chooses it",
        )
    if not bool(torch.isfinite(out.detach()).all()):
        raise InputError("the target's numbers hold NaN or infinite values", "check its weights, and the samples")
    return out.reshape(n)
