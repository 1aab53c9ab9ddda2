"""How good a GAN and its explanations are: numbers with an interval and a floor."""
