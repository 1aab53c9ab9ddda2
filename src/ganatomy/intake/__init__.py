"""What comes from outside: somebody's own Python files."""
