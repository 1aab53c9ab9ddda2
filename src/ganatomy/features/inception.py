"""The Inception network of 2015 that the FID is named after, from a file of its weights: nothing is downloaded.

    space = inception("pt_inception-2015-12-05-6726825d.pth", gan.format)
    space.id                                   # inception-2015-..., or inception-other-... for any other file
    title(space.id)                            # "FID" in the first alone, else "Fréchet distance"

The 2048 numbers before the last layer, of the network that Heusel et al. (2017) took from TensorFlow and pytorch-fid
publishes. It is not torchvision's: average pools leave the border out of the mean, and the last block takes a maximum.
Pictures become bytes first, as the FID wants them, rounded to the nearest: what was read from a file comes back as it
was. (torch-fidelity leaves this to its user; torchmetrics cuts the fraction off.) Grey ones are repeated over the three
colours. They are brought to 299 x 299 by TensorFlow 1's bilinear rule, whose grid starts in the corner and which does
not smooth, and to (x - 128) / 128. The numbers are then those of torch-fidelity, bit for bit.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.features.inception_blocks import BLOCKS, STEM, Block, Layer
from ganatomy.features.space import FeatureSpace, space
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

NAME, OTHER = "inception-2015", "inception-other"
SHA256 = "6726825d"  # how the hash of the published file begins; it stands in the file's name
SIDE = 299
AT_ONCE = 16  # pictures in one pass: the first layers hold 5 MB of each
POOLED = ("Conv2d_2b_3x3", "Conv2d_4a_3x3")  # a maximum of 3 x 3 follows, of stride 2
WANTED = "give pt_inception-2015-12-05-6726825d.pth, as pytorch-fid publishes it, or the same in safetensors"


def title(space_id: str) -> str:
    """What a Fréchet distance in this space is called."""
    return "FID" if space_id.startswith(f"{NAME}-") else "Fréchet distance"


def inception(path: str | Path, format: Format) -> FeatureSpace:
    """`path`: a state dict, .pth (no code is run) or .safetensors. A file of another hash is named inception-other."""
    if format.kind != "picture" or format.shape[0] not in (1, 3) or format.bounds is None:
        raise UsageError(f"Inception features of a {format} were asked for", "it reads pictures, grey or of 3 colours")
    path = Path(path)
    weights = _weights(path)
    with Stream(0, "features/inception").module_rng(0):  # torch draws weights that are replaced
        network = Inception(format)
    _fill(network, weights, path)
    return space(NAME if _sha256(path).startswith(SHA256) else OTHER, network, format)


class Inception(nn.Module):
    """Pictures in `format` to (n, 2048)."""

    def __init__(self, format: Format) -> None:
        super().__init__()
        self.low, self.high = format.bounds or (-1.0, 1.0)
        self.stem = nn.ModuleDict(
            {
                name: Layer(inputs, maps, kernel=kernel, stride=stride, border=border)
                for name, (inputs, maps, kernel, stride, border) in STEM.items()
            }
        )
        self.blocks = nn.ModuleDict({name: Block(*sizes) for name, sizes in BLOCKS.items()})

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._pooled(part) for part in x.split(AT_ONCE)])

    def _pooled(self, x: Tensor) -> Tensor:
        x = (resized(as_bytes(x, self.low, self.high).expand(-1, 3, -1, -1), SIDE) - 128) / 128
        for name, layer in self.stem.items():
            x = layer(x)
            if name in POOLED:
                x = nn.functional.max_pool2d(x, 3, stride=2)
        for block in self.blocks.values():
            x = block(x)
        return x.mean((2, 3))


def as_bytes(x: Tensor, low: float, high: float) -> Tensor:
    """From 0 to 255, whole numbers as floats; what lies outside of the range is brought to its end."""
    return ((x - low) * (255 / (high - low))).round().clamp(0, 255)


def resized(x: Tensor, side: int) -> Tensor:
    """TensorFlow 1's resize_bilinear: place i is read at i * size / side, between its neighbours, or at the edge."""
    for axis in (3, 2):
        size = x.shape[axis]
        at = torch.arange(side, dtype=x.dtype, device=x.device) * torch.tensor(size / side, dtype=torch.float32)
        first = at.long()
        near, far = (x.index_select(axis, place) for place in (first, (first + 1).clamp(max=size - 1)))
        share = at - first
        x = near + (far - near) * (share if axis == 3 else share[:, None])
    return x


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _weights(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's remarks on files that are refused in a moment
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{path} holds more than weights, or no weights: it was not run", WANTED) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or "it is cut short, or another format"
        raise InputError(f"{path} cannot be read ({why})", WANTED) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise InputError(f"{path} holds a {type(found).__name__} that is no dictionary of tensors", WANTED)
    return found


def _fill(network: Inception, weights: Mapping[str, Tensor], path: Path) -> None:
    """By the published names; the last layer, which is not used, may be there or not."""
    given = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    wanted = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    named = {name.partition(".")[2]: name for name in wanted}
    missing = sorted(named.keys() - given.keys())
    strange = sorted(given.keys() - named.keys() - {"fc.weight", "fc.bias"})
    if missing or strange:
        first = f"it has no {missing[0]!r}" if missing else f"it has {strange[0]!r} besides"
        raise InputError(f"{path} holds weights of another network ({first})", WANTED)
    for public, own in named.items():
        if given[public].shape != wanted[own].shape or not bool(torch.isfinite(given[public]).all()):
            shapes = f"{tuple(given[public].shape)}, wanted {tuple(wanted[own].shape)} of finite numbers"
            raise InputError(f"{public!r} in {path} is {shapes}", WANTED)
        wanted[own].copy_(given[public])
