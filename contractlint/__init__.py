"""contractlint: checks that calls to GPU kernels pass what the kernels read.

The package itself imports nothing: the command line must answer `--version` without loading a parser, and the runtime part
must be importable inside a serving process without dragging the static part along.
"""

__version__ = "0.1.0"
