"""Install the programs that some tests need, where this may be done; say what is missing where it may not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = {
    "postgresql": lambda: shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
    "tesseract-ocr-eng": lambda: list(Path("/usr/share/tesseract-ocr").glob("*/tessdata/eng.traineddata")),
    "chromium": lambda: shutil.which("chromium"),
}


def main() -> int:
    missing = [package for package, found in NEEDED.items() if not found()]
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(
            f"tests need these programs (Debian's names): {' '.join(missing)}; install them and run again",
            file=sys.stderr,
        )
        return 1
    print(f"installing {' '.join(missing)} ...")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{' '.join(command)} failed:\n{done.stderr[-1000:]}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
