"""The game between them: a run as an account, and as a plane."""
