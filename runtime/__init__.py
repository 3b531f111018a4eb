"""The process edge: settings, the one connect(), logging, the embedded stack."""
