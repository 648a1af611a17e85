"""cats-bench: choose a transfer source for a medical target, know how sure the choice is and what it cost."""

__version__ = "0.1.0"
