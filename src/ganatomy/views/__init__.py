"""Results as figures and HTML fragments: pure functions; a figure is returned, and nothing is shown or kept."""
