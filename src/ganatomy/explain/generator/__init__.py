"""What the units of a generator do."""
