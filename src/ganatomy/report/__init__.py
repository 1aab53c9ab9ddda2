"""What was found about a GAN, on one page: an HTML file that needs nothing else, and the same as JSON."""
