"""Which part of an input a number hangs on, through captum."""
