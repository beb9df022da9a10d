"""The lab as a process: where it lives, how it is started, found and stopped, and the environment that points at it."""
