"""Tables and numbers in the spreadsheet formats of all countries."""

from __future__ import annotations

import pytest

from musicrfm.data.labels import read_labels
from musicrfm.errors import MusicRFMError
from musicrfm.files.numerals import Ambiguous, is_quantity, numbers, shape, shapes

WANTED = [{"file": "a.wav", "energy": 0.5}, {"file": "b.wav", "energy": 1.25}]


def read(tmp_path, table: str | bytes):
    path = tmp_path / "t.csv"
    path.write_bytes(table if isinstance(table, bytes) else table.encode())
    return read_labels(path, text=("file",))


@pytest.mark.parametrize(
    "table",
    [
        "file,energy\na.wav,0.5\nb.wav,1.25\n",
        "\ufefffile;energy\r\na.wav;0,5\r\nb.wav;1,25\r\n",
        'file,energy\na.wav,"0,5"\nb.wav,"1,25"\n',
        "sep=;\r\nfile;energy\r\na.wav;0,5\r\nb.wav;1,25\r\n",
        "sep=|\nfile|energy\na.wav|0.5\nb.wav|1.25\n",
        '"sep=;"\nfile;energy\na.wav;0,5\nb.wav;1,25\n',
        "file,energy,,\na.wav,0.5,,\nb.wav,1.25,,\n,,,\n",
        "file,energy,,\na.wav,0.5\nb.wav,1.25,\n",
        "file;energy\na.wav;0.5;;\nb.wav;1.25\n",
        "\n\nfile,energy\n\na.wav,0.5\n   \nb.wav,1.25\n\n",
        " File , energy\u00a0\n a.wav , 0.5\nb.wav,1.25\n",
        "file,energy\ra.wav,0.5\rb.wav,1.25\r",
        'file,energy\na.wav,="0.5"\nb.wav,"=""1.25"""\n',
        "file;energy\n=\"a.wav\";'0,5\nb.wav;'1,25\n",
        ",file,energy\n0,a.wav,0.5\n1,b.wav,1.25\n",
        "file;energy\na.wav;50 %\nb.wav;125 %\n",
        "file;energy\na.wav;5,0E-01\nb.wav;1,25E+00\n",
        "file\tenergy\na.wav\t0,5\nb.wav\t1,25\n".encode("utf-16"),
    ],
)
def test_tables_of_all_locales_are_read(tmp_path, table):
    assert read(tmp_path, table) == WANTED


def test_a_line_may_end_before_its_empty_cells(tmp_path):
    """Excel drops trailing empty cells (knowledge base article 77295)."""
    found = read(tmp_path, "file,mood,group\na.wav,x\nb.wav,y,1\n")
    assert found == [
        {"file": "a.wav", "mood": "x", "group": None},
        {"file": "b.wav", "mood": "y", "group": 1},
    ]


def test_cells_of_several_lines_and_separators_in_names(tmp_path):
    found = read(tmp_path, 'file,note;x;y;z\na.wav,"one\ntwo; ""three"""\nb.wav,\n')
    assert found == [
        {"file": "a.wav", "note;x;y;z": 'one\ntwo; "three"'},
        {"file": "b.wav", "note;x;y;z": None},
    ]


def test_localised_booleans_and_missing_values_are_read(tmp_path):
    found = read(tmp_path, "file;solo;bpm\na.wav;WAHR;120\nb.wav;FALSCH;#NV\nc.wav;;n/a\n")
    assert [row["solo"] for row in found] == [True, False, None]
    assert [row["bpm"] for row in found] == [120, None, None]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('file,hz\na.wav,"1,200"\n', "row 1 of t.csv, column 'hz': '1,200' could be 1.2 or 1200"),
        ("file;hz\na.wav;440\nb.wav;1.200\n", "row 2 of t.csv, column 'hz': '1.200' could be"),
        ("file;x;hz\na.wav;0,5;1.200\n", "column 'hz': '1.200' could be"),
        ("file;x\na.wav;0,5\nb.wav;1.25\n", "row 2 .*'x': '1.25' has a different decimal mark"),
        (
            "file;x\na.wav;50%\nb.wav;0,5\n",
            "row 1 .*'50%' has a percent sign, and other rows have no",
        ),
        ("file,x\na.wav,0,5\n", "line 2 of t.csv has 3 cells for 2 columns"),
        ("file,x,\na.wav,0,5\n", "column 3 of t.csv has no name"),
        ("file,x, X,x\na.wav,0,5,1\n", "two columns 'x'"),
        ('file,x\na.wav,"loud\nb.wav,soft\n', "is not CSV"),
        ("file,mood\na.wav\nb.wav\n", "line 2 of t.csv has 1 cells for 2 columns"),
    ],
)
def test_ambiguous_tables_are_refused(tmp_path, table, said):
    with pytest.raises(MusicRFMError, match=said):
        read(tmp_path, table)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,5", "1.200"], [1234.5, 1200]),
        (["1,234.5", "1,200"], [1234.5, 1200]),
        (["1 234,5", "0,25"], [1234.5, 0.25]),
        (["1\u202f234", "12"], [1234, 12]),
        (["1'234.50"], [1234.5]),
        (["1,234,567"], [1234567]),
        (["1.234.567,5"], [1234567.5]),
        (["0,125", "1,200"], [0.125, 1.2]),
        (["1234,567", "1,200"], [1234.567, 1.2]),
        (["-0,5", "+,5", "\u22121,5", "5."], None),
        (["-0,5", "+,5", "\u22121,5", "1e3"], [-0.5, 0.5, -1.5, 1000.0]),
        (["50%", "0"], [0.5, 0]),
        (["nan", "", "inf", "3"], [None, None, None, 3]),
    ],
)
def test_numbers_of_all_locales_are_read(cells, values):
    if values is None:
        with pytest.raises(Ambiguous):
            numbers(shapes(cells))
    else:
        assert numbers(shapes(cells)) == values
        assert [type(v) for v in numbers(shapes(cells))] == [type(v) for v in values]


@pytest.mark.parametrize(
    "text", ["1.2.3", "01.02.2024", "4/4", "12:30", "C4", "1_000", "0x10", "1,23,4"]
)
def test_other_texts_are_no_numbers(text):
    assert shape(text) is None and shapes(["1", text]) is None


def test_numbers_with_units_are_recognised_as_quantities():
    quantities = ["120 BPM", "-3,5 dB", "-3,5dB", "1,5 €", "€ 1,5", "(0.5)", "0.5-", "1:30"]
    quantities += ["00:01:30,5", "01.05.2024", "2024-05-01", "440Hz", "3 Sterne", "20 km/h"]
    classes = ["4/4", "80s", "90er", "C4", "take 3", "2nd", "bright", "0.5", "3 very slow ones", ""]
    assert all(map(is_quantity, quantities))
    assert not any(map(is_quantity, classes))


def test_leading_apostrophe_before_a_word_is_kept(tmp_path):
    assert read(tmp_path, "file,mood\na.wav,'tis\n")[0]["mood"] == "'tis"
