"""What the two players want: losses, penalties and terms as pure functions, put together to a `Game`."""
