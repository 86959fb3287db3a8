"""A package, so that its demo ends with its tests (pytest ends a package's fixtures only where there is one)."""
