"""Layers → numbers: pure functions, no file, no network, no clock."""
