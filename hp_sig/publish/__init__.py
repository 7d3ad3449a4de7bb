"""Numbers and layers → files that other tools open, never a half of one."""
