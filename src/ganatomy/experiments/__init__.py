"""What would have happened otherwise: forks of runs, claims put to the test, sweeps."""
