"""What a critic says of special samples, and how they can be changed to make it say otherwise."""
