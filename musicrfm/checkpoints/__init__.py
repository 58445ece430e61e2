"""Loads MusicGen checkpoints in any layout as `transformers` classes.

`finding` locates a model and its weight files, `loading` builds the model. The other modules have
one subject each: `hub`, `tensors` in files, audiocraft's layout, adapters, and `parts` that a
checkpoint may lack.
"""
