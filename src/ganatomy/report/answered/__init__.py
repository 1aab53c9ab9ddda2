"""The answers to what people ask first, one topic a file."""
