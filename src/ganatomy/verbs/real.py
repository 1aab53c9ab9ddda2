"""Real pictures beside a GAN, in its own range and with the labels that it wants.

train, held_out = real_pictures(gan, "digits", None)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ganatomy.data.catalogue import DATASETS, load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.critic.lots import class_labels
from ganatomy.models.gan import GAN

Failed = Callable[[str, GanatomyError], None]


def real_pictures(gan: GAN, name: str | None, data_dir: Path | None) -> tuple[Dataset | None, Dataset | None]:
    """In the GAN's own range; None where no set is named, and the one that the GAN names is not at hand."""
    if name is not None:
        train, held_out = load_splits(name, data_dir=data_dir)
        return train.in_format(gan.format), held_out.in_format(gan.format)
    if gan.data is None or gan.data not in DATASETS:
        return None, None
    with suppress(GanatomyError):  # files that would have to be downloaded, or pictures of another size
        return real_pictures(gan, gan.data, data_dir)
    return None, None


def of_its_classes(
    gan: GAN, train: Dataset | None, held_out: Dataset | None, failed: Failed | None
) -> tuple[Dataset | None, Dataset | None]:
    """Real pictures without the labels that a conditional GAN wants cannot be shown to it: told once."""
    if train is None or held_out is None:
        return train, held_out
    try:
        class_labels(gan, held_out, range(1))
    except UsageError as error:
        if failed is None:
            raise
        failed("data", error)
        return None, None
    return train, held_out
