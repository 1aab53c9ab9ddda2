"""What a critic looks at, and what moves its score."""
