"""The ``jiegai`` command line: one file per command group."""
