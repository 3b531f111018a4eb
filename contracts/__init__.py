"""What crosses the Temporal boundary: requests, results, declarations and names."""
