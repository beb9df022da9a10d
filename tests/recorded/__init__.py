"""What AWS itself answered, replayed against the lab: see `tests.recorded.replay`."""
