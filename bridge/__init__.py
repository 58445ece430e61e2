"""The live side of the instrument: timing, sound card, OSC and MIDI around `musicrfm`.

Nothing is imported here, so that the small process that feeds the sound card starts fast and never
loads a model library.
"""
