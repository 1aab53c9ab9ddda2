"""What the owner of a folder should hear about how it was read: plain sentences, each only where it holds.

passed_over([Path("a.dcm"), Path("b.pdf")])          # "passed over 2 other files: 1 .dcm, 1 .pdf"
too_dark(40, 4095, white=65_535)                     # ["the brightest of 40 deep pictures is ..."]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

LISTED = 3  # names in a note; the rest are counted


def passed_over(others: Sequence[Path]) -> str:
    """Files that are no pictures by their names, counted by kind, the commonest first."""
    kinds = Counter(file.suffix.lower() or "without a suffix" for file in others)
    most = [f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))]
    tail = [f"{len(most) - LISTED} further kinds"] if len(most) > LISTED else []
    return f"passed over {_many(len(others), 'other file')}: {', '.join(most[:LISTED] + tail)}"


def too_dark(brightest: Sequence[int], *, white: int) -> list[str]:
    """Cameras and scanners put 10, 12 or 14 bits into 16: such pictures, here by their largest value, come out black.

    Said where four of five or more stay below a quarter of white: one bright picture must not hide the others.
    """
    dark = [value for value in brightest if value < white / 4]
    top = max(dark, default=0)
    bits = max(8, top.bit_length() + top.bit_length() % 2)
    likely = 2**bits - 1
    if not top or likely >= white or 5 * len(dark) < 4 * len(brightest):
        return []
    said = f"the brightest of {_many(len(dark), 'deep picture')} is {top} of {white}"
    if len(dark) < len(brightest):
        said = f"{len(dark)} of {len(brightest)} deep pictures reach {top} of {white} at most"
    brighter = ", which leaves out those beyond" if max(brightest) > likely else ""
    return [f"{said}: if these are {bits} bits, say white={likely} (--white {likely}){brighter}"]


def further_pages(pages: Mapping[str, int]) -> list[str]:
    """Pages left out, by file; files without any are passed over."""
    several = [(file, count) for file, count in pages.items() if count]
    notes = [f"{file}: {_many(count, 'further page')} {_were(count)} left out" for file, count in several[:LISTED]]
    if len(several) > LISTED:
        notes.append(f"{_many(len(several) - LISTED, 'more file')} held further pages, left out too")
    return notes


def few_in_colour(coloured: Sequence[str], n: int) -> list[str]:
    """Coloured pictures, by file, among n, where they are the smaller part and made all the others RGB."""
    if not 0 < len(coloured) < n / 2:
        return []
    hold = "1 of {} pictures holds" if len(coloured) == 1 else f"{len(coloured)} of {{}} pictures hold"
    return [
        f"{hold.format(n)} colour, the first is {coloured[0]}: all are read as RGB; "
        "channels=1 (--channels 1) reads them as grey"
    ]


def in_several_groups(files: Sequence[str], groups: Tensor, copies: Tensor) -> list[str]:
    """Pictures of which one group has one copy and another group another."""
    first: dict[int, int] = {}
    pairs: dict[int, tuple[str, str]] = {}
    for place, (group, copy) in enumerate(zip(groups.tolist(), copies.tolist(), strict=True)):
        if int(groups[first.setdefault(copy, place)]) != group:
            pairs.setdefault(copy, (files[first[copy]], files[place]))
    if not pairs:
        return []
    one, other = next(iter(pairs.values()))
    lie = "1 picture lies" if len(pairs) == 1 else f"{len(pairs)} pictures lie"
    return [f"{lie} in more than one group, the first are {one} and {other}; their groups stay together"]


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
