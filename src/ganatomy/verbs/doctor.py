"""Is this installation fit? Each check says what was found, and what to do where something is wrong.

    found = doctor()
    for check in found.checks: print(check.line())
    found.problems

Everything is imported inside a check, so that a package that does not load is a finding, not the end of the look.
"""

from __future__ import annotations

import importlib.util
import platform
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ganatomy.verbs import machine_checks
from ganatomy.verbs.checks import Check, Findings, Look, looked

EXTRAS = {
    "tensorboard": "runs are also written as TensorBoard events",
    "pandas": "results become data frames",
}
REQUIREMENT = re.compile(r"([\w.-]+)\s*([^;\s][^;]*)?(;.*)?")


@dataclass(frozen=True)
class Fitness:
    """All findings, in the order in which they were looked for."""

    checks: tuple[Check, ...]

    @property
    def problems(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state == "problem")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"fit": not self.problems, "checks": [asdict(check) for check in self.checks]}


def doctor(*, data_dir: Path | None = None) -> Fitness:
    """Look at everything, in a few seconds; only a small file in the current folder is written, and removed."""
    looks: dict[str, Look] = {
        "versions": _versions,
        "threads": machine_checks.threads,
        "numbers": machine_checks.denormals,
        "memory": machine_checks.memory,
        "disk": lambda: machine_checks.disk(data_dir),
        "device": machine_checks.devices,
        "speed": machine_checks.speed,
        "extras": _extras,
        "data": lambda: _data(data_dir),
        "writing": machine_checks.writing,
        "draws": _draws,
        "play": _play,
    }
    return Fitness(tuple(check for name, look in looks.items() for check in looked(name, look)))


def _versions() -> Findings:
    from importlib.metadata import PackageNotFoundError, requires, version

    wrong = []
    found = [f"Python {platform.python_version()}"]
    for written in requires("ganatomy") or []:
        name, wanted, extra = (part or "" for part in REQUIREMENT.fullmatch(written).groups())  # type: ignore[union-attr]
        if extra:
            continue
        try:
            there = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if not satisfies(there, wanted):
            wrong.append(f"{name} is {there}, wanted is {wanted}")
        if name in ("torch", "numpy"):
            found.append(f"{name} {there}")
    yield Check("versions", "ok", f"ganatomy {version('ganatomy')}, " + ", ".join(found))
    for fault in wrong:
        yield Check("versions", "problem", fault, "install ganatomy again, which brings what it needs")


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version lies within bounds like ">=2,<3"; what is not such a bound is passed over."""
    here = _numbers(version)
    for bound in wanted.split(","):
        found = re.fullmatch(r"\s*(>=|<=|<|>|==)\s*([\d.]+)\s*", bound)
        if found is None:
            continue
        sign, there = found[1], _numbers(found[2])
        legal = {">=": here >= there, "<=": here <= there, "<": here < there, ">": here > there, "==": here == there}
        if not legal[sign]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """The release without trailing zeros and without what follows it (2.13.0+cpu is 2.13)."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _extras() -> Findings:
    for package, use in EXTRAS.items():
        if importlib.util.find_spec(package) is not None:
            yield Check("extras", "ok", f"{package}: {use}")
        else:
            yield Check("extras", "note", f"{package} is not installed ({use} with it)", f"pip install {package}")


def _data(data_dir: Path | None) -> Findings:
    from ganatomy.data.download import PLACE_VARIABLE, places

    *wanted, cache = places(data_dir)
    for place in wanted:
        if place.is_dir():
            yield Check("data", "ok", f"looked for in {place}, then in {cache}")
        else:
            remedy = f"create it, or let --data-dir or {PLACE_VARIABLE} name another"
            yield Check("data", "problem", f"there is no folder {place}", remedy)
    if not wanted:
        yield Check("data", "ok", f"looked for in {cache}, unless --data-dir or {PLACE_VARIABLE} names a folder")


def _draws() -> Findings:
    from ganatomy.verbs.selftest import draws_are_golden

    good = Check("draws", "ok", "random draws are those of every other machine")
    yield (
        good
        if draws_are_golden()
        else replace(
            good, state="problem", said="random draws differ from those of other machines", remedy="install numpy again"
        )
    )


def _play() -> Findings:
    from ganatomy.training.threads import threads
    from ganatomy.verbs.selftest import play_repeats, restore_repeats

    with threads(1):  # as small recipes are trained
        repeats, goes_on = play_repeats(), restore_repeats()
    for good, said in (
        (repeats, "20 rounds of a small game played twice"),
        (goes_on, "the same rounds with a save and a restart in the middle"),
    ):
        if good:
            yield Check("play", "ok", f"{said}: equal bit for bit")
        else:
            remedy = "results will not repeat exactly: try one thread (OMP_NUM_THREADS=1), or install torch again"
            yield Check("play", "problem", f"{said}: different", remedy)
