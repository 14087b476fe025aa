"""Found first on PYTHONPATH by the interpreter that the `hardwire` command starts: starts Hardwire and leaves no trace.

The program sees the environment, the path and the modules that it would see under plain `python`, plus `hardwire`.
HARDWIRE_RUN holds what PYTHONPATH was: `-` for not set, or `=` and its value.
"""

import os
import sys


def _leave_no_trace(here):
    """Takes this folder off the path and puts PYTHONPATH back."""
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)
    original = os.environ.pop("HARDWIRE_RUN", "-")
    if original.startswith("="):
        os.environ["PYTHONPATH"] = original[1:]
    else:
        os.environ.pop("PYTHONPATH", None)


def _start(package):
    """Imports the package from its folder, which never gets on the path, and starts Hardwire."""
    external = sys.modules["_frozen_importlib_external"]
    bootstrap = sys.modules["_frozen_importlib"]
    spec = external.spec_from_file_location(
        "hardwire", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    bootstrap._load(spec)
    from hardwire import _startup

    _startup.start()


_here = os.path.dirname(os.path.abspath(__file__))
_leave_no_trace(_here)
try:
    _start(os.path.join(os.path.dirname(_here), "hardwire"))
except Exception as _error:
    sys.stderr.write(f"hardwire: off: {type(_error).__name__}: {_error}\n")

# The user's own sitecustomize takes this one's place. If there is none, the ImportError that `site` expects goes up.
sys.modules.pop("sitecustomize", None)
import sitecustomize  # noqa: E402, F401
