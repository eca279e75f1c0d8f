"""On the module path of what `contractlint run` starts: arms the process, then gives way to the sitecustomize that is there."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _arm() -> None:
    try:
        from contractlint.runtime.startup import start
    except ImportError as problem:
        print(f"contractlint: {sys.executable} is not armed: {problem}", file=sys.stderr)
    else:
        start()


def _give_way() -> None:
    """Import the module of this name that stands behind this one, if there is one."""
    import importlib.machinery

    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != _here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        import importlib.util

        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_arm()
_give_way()
