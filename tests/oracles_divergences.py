"""The pairs of theory.md 1.2 with what was computed there, and divergences again with NumPy, slowly."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import optimize

from ganatomy.data.worlds import mixture
from ganatomy.theory.densities import Density, bells, gaussian, of_world

NORMAL, TWO = gaussian(0.0, 1.0), bells([-2.0, 2.0], [0.5, 0.5])
PAIRS: dict[str, tuple[Density, Density]] = {
    "A": (NORMAL, gaussian(1.0, 1.0)),
    "B": (NORMAL, gaussian(0.5, 1.5**2)),
    "C": (TWO, gaussian(0.0, 1.5**2)),
    "D": (TWO, gaussian(-2.0, 0.5**2)),
    "E": (NORMAL, gaussian(4.0, 1.0)),
}
E1, E16 = math.e - 1, math.exp(16) - 1
TABLE: dict[str, tuple[float, ...]] = {
    "V": (-1.163451397, -1.280484584, -0.926720463, -0.954838506, -0.120853974),
    "JSD": (0.111421482, 0.052904889, 0.229786949, 0.215727928, 0.632720194),
    "KL(p|q)": (0.5, 0.183242886, 0.850003088, 15.306946355, 8.0),
    "KL(q|p)": (0.5, 0.344534892, 1.992631456, 0.693053645, 8.0),
    "Pearson": (E1, 0.291723410, 1.797279225, 1.5587872702e27, E16),
    "Neyman": (E1, math.inf, math.inf, 0.999901781, E16),
    "triangular": (0.408108531, 0.189643662, 0.769710518, 0.666591682, 1.862805182),
    "Hellinger": (0.235006195, 0.115061758, 0.535858544, 0.585562645, 1.729329434),
    "TV": (0.382924923, 0.237780636, 0.560160380, 0.499968329, 0.954499736),
    "W1": (1.0, 0.58331547, 0.85259891, 2.0, 4.0),
}


def ring(std: float, keep: tuple[int, ...] = tuple(range(8))) -> Density:
    """Eight modes on the circle of radius 2, or some of them."""
    angle = torch.arange(8, dtype=torch.float64) * (math.pi / 4)
    return of_world(mixture("ring", 2 * torch.stack([angle.cos(), angle.sin()], 1)[list(keep)], std=std))


def slowly(name: str, p: Density, q: Density) -> float:
    """The definition again with NumPy: 24 Gauss nodes on many pieces, broken at every crossing of p and q."""

    def log(x: np.ndarray, d: Density) -> np.ndarray:
        parts = zip(d.weights.tolist(), d.centres[:, 0].tolist(), d.spreads[:, 0].tolist(), strict=True)
        rows = [math.log(w / s) - 0.5 * ((x - c) / s) ** 2 - 0.5 * math.log(2 * math.pi) for w, c, s in parts]
        return np.logaddexp.reduce(rows)

    formulas = {
        "JSD": lambda a, b: 0.5 * np.exp(a) * (a - _mid(a, b)) + 0.5 * np.exp(b) * (b - _mid(a, b)),
        "TV": lambda a, b: 0.5 * np.abs(np.exp(a) - np.exp(b)),
        "KL(p|q)": lambda a, b: np.exp(a) * (a - b),
    }
    reach = [
        float(c + k * s)
        for d in (p, q)
        for c, s in zip(d.centres[:, 0], d.spreads[:, 0], strict=True)
        for k in (-11, 11)
    ]
    fine = np.linspace(min(reach), max(reach), 301)
    gaps = log(fine, p) - log(fine, q)
    turns = [
        optimize.brentq(
            lambda x: float(log(np.array([x]), p)[0] - log(np.array([x]), q)[0]), fine[i], fine[i + 1], xtol=1e-14
        )
        for i in np.nonzero(gaps[:-1] * gaps[1:] < 0)[0]
    ]
    breaks = np.unique(np.r_[fine, turns])
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half, middle = np.diff(breaks)[:, None] / 2, (breaks[1:] + breaks[:-1])[:, None] / 2
    x = (middle + half * nodes).reshape(-1)
    return float((half * weights).reshape(-1) @ formulas[name](log(x, p), log(x, q)))


def _mid(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.logaddexp(a, b) - math.log(2)
