"""From what producers deliver to files that one may read."""
