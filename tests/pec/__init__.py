"""A small PEC provider: see provider.py."""
