"""Runs the shell commands of a page, block by block, and compares how they end with what the page says.

A block of a page begins with ```sh and is run as one script of bash, which stops at its first error. Its first line may say
`# ends with exit code 1`; without it, the block must end with 0. A block that begins with `# elsewhere` is not run.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"# ends with exit code (\d+)")
OWN = ("CATS_HOME", "CATS_ENTRIES", "MLFLOW_TRACKING_URI", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def main() -> int:
    """Return 1 if a block ends otherwise than its page says."""
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        return follow(page, folder.resolve())
    with tempfile.TemporaryDirectory(prefix="cats-guide-") as scratch:
        return follow(page, Path(scratch))


def follow(page: str, folder: Path) -> int:
    """Run the blocks in `folder`, which is the home folder of the commands too, with nothing of this user's settings."""
    surroundings = {name: value for name, value in os.environ.items() if name not in OWN} | {"HOME": str(folder)}
    for name in ("CATS_DATA", "CATS_WEIGHTS"):
        if name in surroundings:
            surroundings[name] = str(Path(surroundings[name]).resolve())
    for block in BLOCK.findall(page):
        if block.startswith("# elsewhere"):
            continue
        expected = int(said[1]) if (said := EXIT.match(block)) else 0
        print(f"\n$ {block.strip()}", flush=True)
        begun = time.monotonic()
        code = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=surroundings, check=False).returncode
        print(f"({time.monotonic() - begun:.0f} s)", flush=True)
        if code != expected:
            print(f"this block ended with exit code {code}; the page says {expected}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
