"""Whether a critic's score may be believed: calibration, heads, the density ratio, and what selection by it gains."""
