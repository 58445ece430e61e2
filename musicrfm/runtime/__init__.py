"""How a frame is worked out: one module a backend."""
