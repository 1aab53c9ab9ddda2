"""Which units of the generator a critic punishes or rewards."""
