"""The conditions that rules share: functions of a rule's limits and the last readings that give evidence, or None.

evidence = below(RULES["critic-saturated"], past)      # {"critic.relative": 0.04}
"""

from __future__ import annotations

import statistics

from ganatomy.training.health.rule import Evidence, Past, Rule

BAD_NUMBER = ("nonfinite.", "skipped.")


def below(rule: Rule, past: Past) -> Evidence | None:
    """The median of the first reading is below `low`."""
    value = past.median(rule.reads[0], rule.window)
    return {rule.reads[0]: value} if value is not None and value < rule.low else None


def outside(rule: Rule, past: Past) -> Evidence | None:
    """The median of the first reading is below `low` or above `high`."""
    name = rule.reads[0]
    value = past.median(name, rule.window)
    return None if value is None or rule.low <= value <= rule.high else {name: value}


def not_finite(_rule: Rule, past: Past) -> Evidence | None:
    return {name: value for name, value in past.now.items() if name.startswith(BAD_NUMBER)} or None


def asleep(rule: Rule, past: Past) -> Evidence | None:
    """The critic's loss is at its equilibrium within `low`, and the samples stand still, farther off than `high`."""
    relative, stuck = past.median("critic.relative", rule.window), still(rule, past)
    if relative is None or stuck is None or abs(relative - 1.0) > rule.low:
        return None
    return {"critic.relative": relative} | stuck


def still(rule: Rule, past: Past) -> Evidence | None:
    """The gap is above `high`, and from the older to the newer half of the window it fell by less than `steady`."""
    gaps = past.window("gap", rule.window)
    half = len(gaps) // 2
    if not half:
        return None
    before, now = statistics.median(gaps[:half]), statistics.median(gaps[-half:])
    return {"gap": now, "gap.before": before} if now > max(rule.high, before / rule.steady) else None


def flat(rule: Rule, past: Past) -> Evidence | None:
    """The score changes by less than `low` across the data, and the gap is not down at its floor."""
    slope, gap = past.median("critic.slope", rule.window), past.now.get("gap")
    if slope is None or gap is None or slope > rule.low or gap < 2 * past.now.get("gap.upper", 0.0):
        return None
    return {"critic.slope": slope, "gap": gap}


def alike(rule: Rule, past: Past) -> Evidence | None:
    """Any reading is below `low` and no longer rising: an untrained generator, too, makes samples that are alike."""
    found = {}
    for name in rule.reads:
        values = past.window(name, rule.window)
        if values and values[-1] < rule.low and values[-1] <= rule.steady * max(values[0], 1e-6):
            found[name] = values[-1]
    return found or None


def copies(rule: Rule, past: Past) -> Evidence | None:
    """The share of near-duplicates exceeds that among real samples by more than `high`, and no longer falls."""
    shares, real = past.window("duplicates", rule.window), past.now.get("duplicates.floor", 0.0)
    if not shares or shares[-1] <= max(real + rule.high, shares[0] / rule.steady):
        return None
    return {"duplicates": shares[-1], "duplicates.floor": real}


def memorising(rule: Rule, past: Past) -> Evidence | None:
    """Training samples score higher than held-out ones by `high` spreads, beyond three times the noise."""
    excess, noise = past.now["memory.excess"], past.now.get("memory.noise", 0.0)
    return {"memory.excess": excess, "memory.noise": noise} if excess > rule.high + 3 * noise else None


def worse(rule: Rule, past: Past) -> Evidence | None:
    """The gap is above `high` times the lowest so far; `low` is added to the lowest, which may be 0."""
    gap, best = past.now["gap"], past.lowest["gap"]
    return {"gap": gap, "gap.best": best} if gap > rule.high * (max(best, 0.0) + rule.low) else None
