"""MusicGens as people have them, made into the classes of `transformers`.

`finding` says where a model lies and which files count, `loading` makes it from them. The others
know one thing each: the `hub`, `tensors` in files, audiocraft's form, adapters, and `parts` that
a form leaves out.
"""
