"""`python -m hardwire`: what Hardwire found in this interpreter, and whether it is on. Exit status 1 if it is off.

With `--json` the same for programs: {"on", "why", "checks": [[name, passed, detail]]}.
"""

import json
import sys

import hardwire


def examine():
    """Runs the self-checks and tries to switch Hardwire on."""
    checks, why = [], ""
    try:
        checks = [list(check) for check in hardwire.selfcheck()]
        hardwire.enable()
    except RuntimeError as error:
        why = str(error)
    return {"on": hardwire.is_enabled(), "why": why, "checks": checks}


def main():
    """Prints the outcome; returns the exit status."""
    found = examine()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found))
    else:
        for name, passed, detail in found["checks"]:
            print(f"{'ok  ' if passed else 'FAIL'} {name}{': ' + detail if detail else ''}")
        print(f"Hardwire is {'on' if found['on'] else 'off: ' + found['why']} (Python {sys.version.split()[0]})")
    return 0 if found["on"] else 1


if __name__ == "__main__":
    sys.exit(main())
