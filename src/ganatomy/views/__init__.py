"""Results as figures: pure functions; a figure is returned, and nothing is shown or kept."""
