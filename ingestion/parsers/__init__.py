"""One module per family of formats: bytes of a file -> Elements."""
