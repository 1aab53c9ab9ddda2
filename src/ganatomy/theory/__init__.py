"""What theory says should happen: exact divergences, optimal critics, games whose convergence is known, spectra."""
