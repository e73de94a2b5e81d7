"""One file per resource; request and response bodies stand beside their route."""
