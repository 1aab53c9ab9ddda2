"""From results to lines of evidence: what each explainer found, beside its control, the strongest first."""
