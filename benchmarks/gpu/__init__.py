"""Everything that needs a GPU, in one command: see `docs/gpu.md`."""
