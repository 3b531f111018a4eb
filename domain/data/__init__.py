"""Data that ships with the rules: the built-in work calendar."""
