"""Which concepts a critic's score hangs on."""
