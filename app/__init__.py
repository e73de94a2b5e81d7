"""The server: HTTP, worker, command line; the only place that wires things."""
