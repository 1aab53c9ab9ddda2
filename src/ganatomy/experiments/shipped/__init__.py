"""The experiments that come with the package, one claim a file."""
