"""Opens up generative adversarial networks and answers, with evidence, why they do what they do."""

__version__ = "0.1.0"
