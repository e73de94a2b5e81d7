"""One file per family of commands: what it asks over HTTP and how that is shown. ``app/cli.py`` names them all."""
