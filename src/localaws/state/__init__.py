"""What lasts: a service's settings as snapshots, its data as logs that only grow."""
