"""Waiting and order: one file per workflow."""
