"""What programs of others import to use a server."""
