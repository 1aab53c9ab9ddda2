"""DeepLIFT by captum (rescale rule), held to what it promises: attributions that sum to f(x) - f(baseline).

    deeplift(explained, x, given, base)                 # the shape of x

captum replaces the slopes of non-linear modules that it knows. What it does not see (a function called in a forward, a
module of another kind) it takes for linear, silently; a module that runs twice fails in the middle. Here either is an
error that names the module: the sums are checked on every sample, from the same pass. Two of captum's slips are mended
by giving each non-linear module a copy of its input: a connection that goes round it keeps its own slope, and its
input always has a gradient to hook.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ganatomy.errors import UsageError
from ganatomy.explain.attribution.targets import Explained

TOLERANCE = 1e-3  # of the sizes that are summed
MARKS = ("input", "output")  # what captum hangs on modules
WORDS = (
    "relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus softsign softshrink hardshrink hardswish"
    " hardtanh hardsigmoid tanh sigmoid logsigmoid softmax log_softmax glu clamp clip where maximum minimum max min"
    " amax amin abs exp log log1p logit sqrt rsqrt square pow std var norm sin cos reciprocal max_pool1d max_pool2d"
    " max_pool3d adaptive_max_pool2d layer_norm group_norm instance_norm normalize"
)
NONLINEAR = frozenset(WORDS.split())  # torch's functions, also as methods and in place


def deeplift(explained: Explained, x: Tensor, given: tuple[Tensor, ...], base: Tensor) -> Tensor:
    from captum.attr import DeepLift

    with _clean(explained), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Setting forward, backward hooks", category=UserWarning)
        try:
            found: Tensor = DeepLift(explained).attribute(x, base, additional_forward_args=given or None)
        except RuntimeError as error:  # of captum's own hooks
            if "is being used" not in str(error):
                raise
            found = torch.full_like(x, torch.nan)
    assert explained.last is not None
    ends, sizes = explained.last.chunk(2), found.reshape(len(x), -1)
    gap = (sizes.sum(1) - (ends[0] - ends[1])).abs()
    rounding = 64 * torch.finfo(x.dtype).eps * (ends[0].abs() + ends[1].abs())
    if not bool((gap <= TOLERANCE * sizes.abs().sum(1) + rounding).all()):
        raise UsageError(
            f"DeepLIFT cannot explain this network: {_reason(explained, x, given)}",
            "make each non-linearity a module of its own (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Softplus, nn.Sigmoid,"
            " nn.Tanh, nn.MaxPool2d), or take integrated-gradients, which needs no modules",
        )
    return found.detach()


@contextmanager
def _clean(explained: Explained) -> Iterator[None]:
    """Copies before captum's hooks; and none of the tensors stay that it hangs on modules."""
    from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR

    hooked = [module for module in explained.modules() if type(module) in SUPPORTED_NON_LINEAR]
    before = [{name: module.__dict__[name] for name in MARKS if name in module.__dict__} for module in hooked]
    with ExitStack() as attached:
        for module in hooked:
            attached.callback(module.register_forward_pre_hook(_copied).remove)
        try:
            yield
        finally:
            for module, had in zip(hooked, before, strict=True):
                for name in MARKS:
                    module.__dict__.pop(name, None)
                module.__dict__.update(had)


def _copied(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
    copies = [each.clone() if isinstance(each, Tensor) else each for each in given]
    return tuple(
        each.requires_grad_() if isinstance(each, Tensor) and not each.requires_grad else each for each in copies
    )


def _reason(explained: Explained, x: Tensor, given: tuple[Tensor, ...]) -> str:
    """The first module that runs twice, else the first function that is no module known to captum."""
    from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR

    names: dict[nn.Module, list[str]] = {}
    root = explained.target if explained.target.network is None else explained.target.network
    for name, module in root.named_modules(remove_duplicate=False):
        names.setdefault(module, []).append(name)

    def called(module: nn.Module) -> str:
        shown = names.get(module, [""])[0]
        return f"'{shown}' ({type(module).__name__})" if shown else type(module).__name__

    seen = _Functions()
    with ExitStack() as attached:
        for module in explained.modules():
            attached.callback(module.register_forward_pre_hook(seen.enter).remove)
            attached.callback(module.register_forward_hook(seen.leave, always_call=True).remove)
        with seen:
            explained(x.detach().requires_grad_(), *given)
    for module, runs in seen.runs.items():
        if type(module) in SUPPORTED_NON_LINEAR and (runs > 1 or len(names.get(module, [])) > 1):
            return f"the module {called(module)} is used more than once"
    for module, function in seen.found:
        if type(module) not in SUPPORTED_NON_LINEAR:
            return f"{called(module)} calls {function}, which is no module that DeepLIFT knows"
    return "something in it is not linear, and is no module that DeepLIFT knows"


class _Functions(TorchFunctionMode):
    """Which non-linear functions are called, and in which module."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[nn.Module] = []
        self.runs: Counter[nn.Module] = Counter()
        self.found: list[tuple[nn.Module, str]] = []

    def enter(self, module: nn.Module, _given: Any) -> None:
        self.running.append(module)
        self.runs[module] += 1

    def leave(self, _module: nn.Module, _given: Any, _output: Any) -> None:
        self.running.pop()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "").strip("_")
        if name in NONLINEAR and self.running and any(isinstance(each, Tensor) and each.requires_grad for each in args):
            self.found.append((self.running[-1], name))
        return func(*args, **(kwargs or {}))
