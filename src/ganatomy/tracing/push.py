"""Linear operators of a few channels: the change of one channel pushed through, and layers with few outputs.

push(conv, 7, change, onto=conv(x), out=out)    # out becomes conv(y), y like x but for channel 7, which changes by it
applied(conv, x)                                # conv(x), by the quickest way known

torch's kernels are made for many channels on both sides. With one or few, matrix products are several times quicker
on a CPU, and equal up to rounding: one channel's patches times its weights; and, for few outputs, the weights times
each place, summed where kernels overlap. For a Linear layer a channel is as many columns as it has places, as after a
Flatten.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED)
FEW = 4  # output channels
Convolution = nn.modules.conv._ConvNd


def linear(module: nn.Module) -> bool:
    """Can a change be pushed through this module? Its forward must be torch's own, and no hooks be on it."""
    kind = next((kind for kind in LINEAR if isinstance(module, kind)), None)
    if kind is None or type(module).forward is not kind.forward or "forward" in vars(module):
        return False
    hooked = module._forward_hooks or module._forward_pre_hooks
    return not hooked and getattr(module, "padding_mode", "zeros") == "zeros"


def push(module: nn.Module, channel: int, change: Tensor, *, onto: Tensor, out: Tensor) -> None:
    """`change` is (n, ...), without channels; without gradients. `out` is contiguous."""
    if isinstance(module, nn.Linear):
        change = change.flatten(1) if change.ndim > 1 else change[:, None]
        places = change.shape[1]
        torch.addmm(onto, change, module.weight[:, channel * places : (channel + 1) * places].T, out=out)
        return
    assert isinstance(module, Convolution)
    group, within = divmod(channel, module.in_channels // module.groups)
    made = module.out_channels // module.groups
    rows = slice(group * made, (group + 1) * made)
    if isinstance(module, TRANSPOSED):
        kernels = module.weight[channel].flip(*range(1, change.ndim))
    else:
        kernels = module.weight[rows, within]
    patches = _patches(module, change)
    if module.groups > 1:
        out.copy_(onto)
    kernels = kernels.flatten(1).expand(len(patches), -1, -1)
    torch.baddbmm(onto[:, rows].flatten(2), kernels, patches, out=out[:, rows].view(len(out), made, -1))


def quick(module: nn.Module) -> bool:
    """Is there a quicker way than the module's own?"""
    if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d) or not linear(module) or module.groups > 1:
        return False
    if module.out_channels > FEW or module.weight.device.type != "cpu":
        return False
    return isinstance(module, TRANSPOSED) or (module.stride == (1, 1) and min(sum(_edges(module, True), ())) >= 0)


def applied(module: nn.Module, x: Tensor) -> Tensor:
    """Of a module that is `quick`: each place times the whole kernel, summed where kernels overlap."""
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    weight, edges = module.weight, _edges(module, False)
    if isinstance(module, nn.Conv2d):  # a plain convolution is a transposed one with the kernel turned round
        weight, edges = weight.transpose(0, 1).flip(2, 3), _edges(module, True)
    kernels = torch.bmm(weight.flatten(1).T.expand(len(x), -1, -1), x.flatten(2))
    size = [
        (length - 1) * step - sum(edge) + reach + more + 1
        for length, step, edge, reach, more in zip(
            x.shape[2:], module.stride, edges, _reach(module), module.output_padding, strict=True
        )
    ]
    before = [edge[0] for edge in edges]
    out = F.fold(kernels, size, module.kernel_size, module.dilation, before, module.stride)  # type: ignore[arg-type]
    return out if module.bias is None else out + module.bias[:, None, None]


def _patches(module: Convolution, x: Tensor) -> Tensor:
    """What each place of the output sees of one channel (n, ...): (n, kernel, places)."""
    axes = range(1, x.ndim)
    edges, steps = _edges(module, False), module.stride
    if isinstance(module, TRANSPOSED):  # as a plain convolution with zeros between the places
        inner = [(size - 1) * step + 1 for size, step in zip(x.shape[1:], steps, strict=True)]
        between = x.new_zeros(len(x), *inner)
        between[(slice(None), *(slice(None, None, step) for step in steps))] = x
        edges = [(a, b + more) for (a, b), more in zip(_edges(module, True), module.output_padding, strict=True)]
        x, steps = between, (1,) * len(axes)
    x = F.pad(x, [edge for pair in reversed(edges) for edge in pair])
    for axis, step, reach, dilation in zip(axes, steps, _reach(module), module.dilation, strict=True):
        x = x.unfold(axis, reach + 1, step)[..., ::dilation]
    kernel = [axis + len(axes) for axis in axes]
    return x.permute(0, *kernel, *axes).flatten(1, len(axes)).flatten(2)


def _edges(module: Convolution, turned: bool) -> list[tuple[int, int]]:
    """Padding before and after on each axis; turned, that of the other kind of convolution which does the same."""
    if isinstance(module.padding, str):
        edges = [(reach // 2, reach - reach // 2) if module.padding == "same" else (0, 0) for reach in _reach(module)]
    else:
        edges = [(padding, padding) for padding in module.padding]
    return [(reach - a, reach - b) for reach, (a, b) in zip(_reach(module), edges, strict=True)] if turned else edges


def _reach(module: Convolution) -> list[int]:
    """From the first to the last tap on each axis."""
    return [dilation * (size - 1) for dilation, size in zip(module.dilation, module.kernel_size, strict=True)]
