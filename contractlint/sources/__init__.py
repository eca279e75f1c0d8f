"""Brings source files together: from a folder, from git, or from a published package.

`package` (fetching a release) and `pins` (reading requirements) are imported where they are used: they cost start-up
time that a check of local files need not pay.
"""

from contractlint.sources.errors import BadArchive, IndexUnreachable, SourceError, UnknownPackage
from contractlint.sources.roots import import_root, project_root
from contractlint.sources.tree import Tree, discover, is_test_file

__all__ = [
    "BadArchive",
    "IndexUnreachable",
    "SourceError",
    "Tree",
    "UnknownPackage",
    "discover",
    "import_root",
    "is_test_file",
    "project_root",
]
