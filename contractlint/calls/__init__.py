"""Call sites: calls whose callee is an entry point of a kernel library."""
