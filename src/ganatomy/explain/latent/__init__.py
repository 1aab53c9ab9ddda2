"""What the directions of a latent space change, and what shape the space has."""
