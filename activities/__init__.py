"""Doing: idempotent side effects behind the declarations in ``contracts``."""
