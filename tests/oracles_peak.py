"""The most bytes of tensors that were alive at one time, counted at every operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Peak(TorchDispatchMode):
    """Of the storages that operations return, asked themselves if they live: weak references to tensors do not say.

    They are asked only where the sum of all that may live would be the largest yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._kept: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self, func: Callable[..., object], types: object, args: Sequence[object] = (), kwargs: Mapping | None = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for each in tree_leaves(out):
            if isinstance(each, Tensor):
                self._seen(each)
        return out

    def _seen(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        reference = StorageWeakRef(storage)
        if reference.cdata in self._kept and not self._kept[reference.cdata][0].expired():
            return
        _, before = self._kept.pop(reference.cdata, (None, 0))
        self._kept[reference.cdata] = (reference, storage.nbytes())
        self.now += storage.nbytes() - before
        if self.now > self.most:
            self._kept = {key: held for key, held in self._kept.items() if not held[0].expired()}
            self.now = sum(size for _, size in self._kept.values())
            self.most = max(self.most, self.now)


def peak(work: Callable[[], object]) -> int:
    with Peak() as meter:
        work()
    return meter.most
