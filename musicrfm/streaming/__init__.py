"""The parts of `musicrfm.stream.MusicStream`, each with its own state."""
