"""What `ganatomy evaluate` asks of a GAN, a function for each question."""
