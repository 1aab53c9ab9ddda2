"""What each explainer tells, and the table of them."""
