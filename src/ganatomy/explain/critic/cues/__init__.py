"""Which controlled edits of pictures move a critic's score."""
