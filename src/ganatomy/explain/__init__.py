"""What the units of a generator do, what directions of its latent space change, and whether it is so."""
