"""What every layer and unit of a critic shows, and what its verdict loses without them."""
