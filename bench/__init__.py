"""Measurements of the whole application; ``make bench`` prints docs/performance.md's table."""
