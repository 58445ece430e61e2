"""Computes a frame: one module per backend."""
