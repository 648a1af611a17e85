"""Makes the generated sections of README and docs again.

python scripts/documentation/generate.py            write them
python scripts/documentation/generate.py --check    write nothing; exit code 1 names the pages that are out of date
"""

import sys

from sections import ROOT, pages, written_again


def main() -> int:
    check = "--check" in sys.argv[1:]
    changed = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        made = written_again(text)
        if made != text:
            changed.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(made, encoding="utf-8")
    for name in changed:
        print(f"{name} {'is out of date; run scripts/docs' if check else 'was brought up to date'}")
    return int(check and bool(changed))


if __name__ == "__main__":
    raise SystemExit(main())
