"""What the command `dehelpers` does beside starting and stopping the lab."""
