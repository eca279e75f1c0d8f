"""How a library moves from release to release, and whether contracts still say what its sources say."""
