"""The instruments of SynTheory: General MIDI programs with the published names and families.

As published, programs with an ambiguous root are excluded: unpitched families, strong overtones,
and voices that bend. 92 of 128 remain.
"""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {  # all 128 programs in order
    "Piano Timbres": (
        "Acoustic Grand Piano",
        "Bright Acoustic Piano",
        "Electric Grand Piano",
        "Honky-tonk Piano",
        "Rhodes Piano",
        "Chorused Piano",
        "Harpsichord",
        "Clavinet",
    ),
    "Chromatic Percussion": (
        "Celesta",
        "Glockenspiel",
        "Music Box",
        "Vibraphone",
        "Marimba",
        "Xylophone",
        "Tubular Bells",
        "Dulcimer",
    ),
    "Organ Timbres": (
        "Hammond Organ",
        "Percussive Organ",
        "Rock Organ",
        "Church Organ",
        "Reed Organ",
        "Accordion",
        "Harmonica",
        "Tango Accordion",
    ),
    "Guitar Timbres": (
        "Acoustic Nylon Guitar",
        "Acoustic Steel Guitar",
        "Electric Jazz Guitar",
        "Electric Clean Guitar",
        "Electric Muted Guitar",
        "Overdriven Guitar",
        "Distortion Guitar",
        "Guitar Harmonics",
    ),
    "Bass Timbres": (
        "Acoustic Bass",
        "Fingered Electric Bass",
        "Plucked Electric Bass",
        "Fretless Bass",
        "Slap Bass 1",
        "Slap Bass 2",
        "Synth Bass 1",
        "Synth Bass 2",
    ),
    "String Timbres": (
        "Violin",
        "Viola",
        "Cello",
        "Contrabass",
        "Tremolo Strings",
        "Pizzicato Strings",
        "Orchestral Harp",
        "Timpani",
    ),
    "Ensemble Timbres": (
        "String Ensemble 1",
        "String Ensemble 2",
        "Synth Strings 1",
        "Synth Strings 2",
        'Choir "Aah"',
        'Choir "Ooh"',
        "Synth Voice",
        "Orchestral Hit",
    ),
    "Brass Timbres": (
        "Trumpet",
        "Trombone",
        "Tuba",
        "Muted Trumpet",
        "French Horn",
        "Brass Section",
        "Synth Brass 1",
        "Synth Brass 2",
    ),
    "Reed Timbres": (
        "Soprano Sax",
        "Alto Sax",
        "Tenor Sax",
        "Baritone Sax",
        "Oboe",
        "English Horn",
        "Bassoon",
        "Clarinet",
    ),
    "Pipe Timbres": (
        "Piccolo",
        "Flute",
        "Recorder",
        "Pan Flute",
        "Bottle Blow",
        "Shakuhachi",
        "Whistle",
        "Ocarina",
    ),
    "Synth Lead": (
        "Square Wave Lead",
        "Sawtooth Wave Lead",
        "Calliope Lead",
        "Chiff Lead",
        "Charang Lead",
        "Voice Lead",
        "Fifths Lead",
        "Bass Lead",
    ),
    "Synth Pad": (
        "New Age Pad",
        "Warm Pad",
        "Polysynth Pad",
        "Choir Pad",
        "Bowed Pad",
        "Metallic Pad",
        "Halo Pad",
        "Sweep Pad",
    ),
    "Synth Effects": (
        "Rain Effect",
        "Soundtrack Effect",
        "Crystal Effect",
        "Atmosphere Effect",
        "Brightness Effect",
        "Goblins Effect",
        "Echoes Effect",
        "Sci-Fi Effect",
    ),
    "Ethnic Timbres": (
        "Sitar",
        "Banjo",
        "Shamisen",
        "Koto",
        "Kalimba",
        "Bagpipe",
        "Fiddle",
        "Shanai",
    ),
    "Sound Effects": (
        "Tinkle Bell",
        "Agogo",
        "Steel Drums",
        "Woodblock",
        "Taiko Drum",
        "Melodic Tom",
        "Synth Drum",
        "Reverse Cymbal",
        "Guitar Fret Noise",
        "Breath Noise",
        "Seashore",
        "Bird Tweet",
        "Telephone Ring",
        "Helicopter",
        "Applause",
        "Gun Shot",
    ),
}
NAMES = tuple(name for names in FAMILIES.values() for name in names)
FAMILY_OF = tuple(family for family, names in FAMILIES.items() for _ in names)

UNPITCHED = ("Synth Effects", "Sound Effects")
OVERTONES = frozenset({8, 9, 14, 21, 23, 47, 86})
BENT = frozenset({22, 31, 55, 77, 78})
PROGRAMS = tuple(
    p for p in range(128) if FAMILY_OF[p] not in UNPITCHED and p not in OVERTONES | BENT
)

# Pitches for which TimGM6mb has no sample: found by rendering every pitch on every program.
SILENT: dict[int, frozenset[int]] = {
    10: frozenset(range(12)),
    56: frozenset(range(12)),
    65: frozenset({64}),
    67: frozenset(range(80, 108)),
    68: frozenset(range(36)),
}


def labels(program: int) -> dict[str, int | str]:
    """The published fields of an instrument."""
    return {
        "midi_program_num": program,
        "midi_program_name": NAMES[program],
        "midi_category": FAMILY_OF[program],
    }
