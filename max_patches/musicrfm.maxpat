{
 "patcher": {
  "title": "musicrfm",
  "fileversion": 1,
  "appversion": {
   "major": 8,
   "minor": 5,
   "revision": 5,
   "architecture": "x64",
   "modernui": 1
  },
  "classnamespace": "box",
  "rect": [
   80.0,
   80.0,
   700.0,
   310.0
  ],
  "bglocked": 0,
  "openinpresentation": 1,
  "default_fontsize": 12.0,
  "default_fontface": 0,
  "default_fontname": "Arial",
  "gridonopen": 1,
  "gridsize": [
   15.0,
   15.0
  ],
  "gridsnaponopen": 1,
  "objectsnaponopen": 1,
  "statusbarvisible": 2,
  "toolbarvisible": 1,
  "lefttoolbarpinned": 0,
  "toptoolbarpinned": 0,
  "righttoolbarpinned": 0,
  "bottomtoolbarpinned": 0,
  "toolbars_unpinned_last_save": 0,
  "tallnewobj": 0,
  "boxanimatetime": 200,
  "enablehscroll": 1,
  "enablevscroll": 1,
  "devicewidth": 0.0,
  "description": "",
  "digest": "",
  "tags": "",
  "style": "",
  "subpatcher_template": "",
  "assistshowspatchername": 0,
  "boxes": [
   {
    "box": {
     "id": "obj-1",
     "maxclass": "panel",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1250,
      30,
      680,
      40
     ],
     "presentation": 1,
     "presentation_rect": [
      10,
      10,
      680,
      40
     ],
     "outlettype": [],
     "bgcolor": [
      0.89,
      0.89,
      0.89,
      1.0
     ],
     "background": 1
    }
   },
   {
    "box": {
     "id": "obj-2",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1258,
      34,
      140,
      31
     ],
     "presentation": 1,
     "presentation_rect": [
      18,
      14,
      140,
      31
     ],
     "text": "musicrfm",
     "fontsize": 22.0
    }
   },
   {
    "box": {
     "id": "obj-3",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1402,
      40,
      330,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      162,
      20,
      330,
      20
     ],
     "text": "plays and steers the bridge at 127.0.0.1 port 9000",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-4",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      20,
      97,
      20
     ],
     "text": "packets out"
    }
   },
   {
    "box": {
     "id": "obj-5",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      44,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-6",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      71,
      159,
      22
     ],
     "outlettype": [],
     "text": "udpsend 127.0.0.1 9000"
    }
   },
   {
    "box": {
     "id": "obj-7",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      20,
      91,
      20
     ],
     "text": "answers in"
    }
   },
   {
    "box": {
     "id": "obj-8",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      44,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "udpreceive 9001"
    }
   },
   {
    "box": {
     "id": "obj-9",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      71,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-10",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      430,
      20,
      123,
      20
     ],
     "text": "a ping a second"
    }
   },
   {
    "box": {
     "id": "obj-11",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      430,
      44,
      81,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess 1"
    }
   },
   {
    "box": {
     "id": "obj-12",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      430,
      71,
      81,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "metro 1000"
    }
   },
   {
    "box": {
     "id": "obj-13",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      430,
      98,
      165,
      22
     ],
     "text": "/reply_port 9001, /ping",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-14",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      430,
      125,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-15",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      640,
      20,
      123,
      20
     ],
     "text": "does it answer?"
    }
   },
   {
    "box": {
     "id": "obj-16",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      640,
      44,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-17",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      640,
      71,
      87,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /pong"
    }
   },
   {
    "box": {
     "id": "obj-18",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      640,
      98,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t b b b"
    }
   },
   {
    "box": {
     "id": "obj-19",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      640,
      125,
      81,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "delay 3000"
    }
   },
   {
    "box": {
     "id": "obj-20",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      640,
      152,
      22,
      22
     ],
     "text": "0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-21",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      640,
      179,
      74,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "change -1"
    }
   },
   {
    "box": {
     "id": "obj-22",
     "maxclass": "newobj",
     "numinlets": 3,
     "numoutlets": 3,
     "patching_rect": [
      640,
      206,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "sel 1 0"
    }
   },
   {
    "box": {
     "id": "obj-23",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      720,
      98,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadbang"
    }
   },
   {
    "box": {
     "id": "obj-24",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      690,
      152,
      22,
      22
     ],
     "text": "1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-25",
     "maxclass": "button",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      750,
      125,
      24,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      600,
      18,
      24,
      24
     ],
     "outlettype": [
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-26",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1868,
      40,
      54,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      628,
      20,
      54,
      20
     ],
     "text": "bridge",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-27",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      640,
      270,
      159,
      22
     ],
     "text": "/get /*, /get /steer/*",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-28",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      640,
      297,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-29",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      690,
      238,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-ask"
    }
   },
   {
    "box": {
     "id": "obj-30",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      850,
      238,
      100,
      22
     ],
     "text": "set connected",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-31",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      850,
      270,
      302,
      22
     ],
     "text": "set no answer: start bridge play (port 9000)",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-32",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      850,
      302,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-status"
    }
   },
   {
    "box": {
     "id": "obj-33",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      850,
      20,
      65,
      20
     ],
     "text": "status"
    }
   },
   {
    "box": {
     "id": "obj-34",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      850,
      44,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-35",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      850,
      71,
      94,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /error"
    }
   },
   {
    "box": {
     "id": "obj-36",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      850,
      98,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-37",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      850,
      126,
      240,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      74,
      276,
      606,
      20
     ],
     "text": ""
    }
   },
   {
    "box": {
     "id": "obj-38",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      960,
      98,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-status"
    }
   },
   {
    "box": {
     "id": "obj-39",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1256,
      296,
      56,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      16,
      276,
      56,
      20
     ],
     "text": "status",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-40",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      110,
      65,
      20
     ],
     "text": "prompt"
    }
   },
   {
    "box": {
     "id": "obj-41",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      134,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-42",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      161,
      100,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt"
    }
   },
   {
    "box": {
     "id": "obj-43",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      188,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-44",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      20,
      216,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      74,
      66,
      400,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-45",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      248,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route text"
    }
   },
   {
    "box": {
     "id": "obj-46",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      275,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt"
    }
   },
   {
    "box": {
     "id": "obj-47",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      302,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-48",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1256,
      88,
      56,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      16,
      68,
      56,
      20
     ],
     "text": "prompt",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-49",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      430,
      170,
      52,
      20
     ],
     "text": "play"
    }
   },
   {
    "box": {
     "id": "obj-50",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      430,
      194,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-51",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      430,
      221,
      87,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /play"
    }
   },
   {
    "box": {
     "id": "obj-52",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      430,
      248,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-53",
     "maxclass": "toggle",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      430,
      278,
      24,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      494,
      66,
      24,
      24
     ],
     "outlettype": [
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-54",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      430,
      308,
      100,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /play"
    }
   },
   {
    "box": {
     "id": "obj-55",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      430,
      335,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-56",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1762,
      88,
      40,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      522,
      68,
      40,
      20
     ],
     "text": "play",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-57",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      110,
      58,
      20
     ],
     "text": "panic"
    }
   },
   {
    "box": {
     "id": "obj-58",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      220,
      134,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      600,
      66,
      80,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "panic",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-59",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      220,
      168,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "t b b"
    }
   },
   {
    "box": {
     "id": "obj-60",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      200,
      55,
      22
     ],
     "text": "/panic",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-61",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      250,
      227,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-62",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      220,
      264,
      74,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "delay 100"
    }
   },
   {
    "box": {
     "id": "obj-63",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      291,
      107,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-ask"
    }
   },
   {
    "box": {
     "id": "steer_note_C",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      20,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_C",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_C",
       "parameter_shortname": "C",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_C steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-64",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-65",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      417,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_C"
    }
   },
   {
    "box": {
     "id": "obj-66",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-67",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-68",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      544,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_C"
    }
   },
   {
    "box": {
     "id": "obj-69",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_Cs",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      220,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      76,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_Cs",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_Cs",
       "parameter_shortname": "C#",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_Cs steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-70",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-71",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      220,
      417,
      146,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_Cs"
    }
   },
   {
    "box": {
     "id": "obj-72",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-73",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      310,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-74",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      544,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_Cs"
    }
   },
   {
    "box": {
     "id": "obj-75",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_D",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      132,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_D",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_D",
       "parameter_shortname": "D",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_D steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-76",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-77",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      417,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_D"
    }
   },
   {
    "box": {
     "id": "obj-78",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-79",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-80",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      544,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_D"
    }
   },
   {
    "box": {
     "id": "obj-81",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_Ds",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      620,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      188,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_Ds",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_Ds",
       "parameter_shortname": "D#",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_Ds steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-82",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-83",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      620,
      417,
      146,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_Ds"
    }
   },
   {
    "box": {
     "id": "obj-84",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-85",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      710,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-86",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      544,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_Ds"
    }
   },
   {
    "box": {
     "id": "obj-87",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      620,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_E",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      820,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      244,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_E",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_E",
       "parameter_shortname": "E",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_E steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-88",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-89",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      417,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_E"
    }
   },
   {
    "box": {
     "id": "obj-90",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-91",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      910,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-92",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      544,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_E"
    }
   },
   {
    "box": {
     "id": "obj-93",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_F",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      480,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      300,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_F",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_F",
       "parameter_shortname": "F",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_F steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-94",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      390,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-95",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      417,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_F"
    }
   },
   {
    "box": {
     "id": "obj-96",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      444,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-97",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1110,
      444,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-98",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      544,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_F"
    }
   },
   {
    "box": {
     "id": "obj-99",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      571,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_Fs",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      356,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_Fs",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_Fs",
       "parameter_shortname": "F#",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_Fs steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-100",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-101",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      637,
      146,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_Fs"
    }
   },
   {
    "box": {
     "id": "obj-102",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-103",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-104",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      764,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_Fs"
    }
   },
   {
    "box": {
     "id": "obj-105",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_G",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      220,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      412,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_G",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_G",
       "parameter_shortname": "G",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_G steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-106",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-107",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      220,
      637,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_G"
    }
   },
   {
    "box": {
     "id": "obj-108",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-109",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      310,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-110",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      764,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_G"
    }
   },
   {
    "box": {
     "id": "obj-111",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_Gs",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      468,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_Gs",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_Gs",
       "parameter_shortname": "G#",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_Gs steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-112",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-113",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      637,
      146,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_Gs"
    }
   },
   {
    "box": {
     "id": "obj-114",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-115",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-116",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      764,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_Gs"
    }
   },
   {
    "box": {
     "id": "obj-117",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_A",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      620,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      524,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_A",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_A",
       "parameter_shortname": "A",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_A steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-118",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-119",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      620,
      637,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_A"
    }
   },
   {
    "box": {
     "id": "obj-120",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-121",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      710,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-122",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      764,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_A"
    }
   },
   {
    "box": {
     "id": "obj-123",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      620,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_As",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      820,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      580,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_As",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_As",
       "parameter_shortname": "A#",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_As steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-124",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-125",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      637,
      146,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_As"
    }
   },
   {
    "box": {
     "id": "obj-126",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-127",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      910,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-128",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      764,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_As"
    }
   },
   {
    "box": {
     "id": "obj-129",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_note_B",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      700,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      636,
      108,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_note_B",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_note_B",
       "parameter_shortname": "B",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly note_B steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-130",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      610,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-131",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      637,
      139,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/note_B"
    }
   },
   {
    "box": {
     "id": "obj-132",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      664,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-133",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1110,
      664,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-134",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      764,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/note_B"
    }
   },
   {
    "box": {
     "id": "obj-135",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      791,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "steer_tempo",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      920,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      76,
      190,
      72,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "steer_tempo",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "steer_tempo",
       "parameter_shortname": "tempo",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how strongly tempo steers; 1 is the top of its useful range, below 0 is away"
    }
   },
   {
    "box": {
     "id": "obj-136",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      830,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-137",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      857,
      133,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /steer/tempo"
    }
   },
   {
    "box": {
     "id": "obj-138",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      884,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-139",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      884,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-140",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      984,
      146,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/tempo"
    }
   },
   {
    "box": {
     "id": "obj-141",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1011,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "gain",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      220,
      920,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      244,
      190,
      72,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "gain",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "gain",
       "parameter_shortname": "gain dB",
       "parameter_mmin": -60.0,
       "parameter_mmax": 12.0,
       "parameter_type": 0,
       "parameter_unitstyle": 4
      }
     },
     "hint": "output level; -60 is silence"
    }
   },
   {
    "box": {
     "id": "obj-142",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      830,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-143",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      220,
      857,
      87,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /gain"
    }
   },
   {
    "box": {
     "id": "obj-144",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      884,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-145",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      310,
      884,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 0"
    }
   },
   {
    "box": {
     "id": "obj-146",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      984,
      100,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /gain"
    }
   },
   {
    "box": {
     "id": "obj-147",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220,
      1011,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "guidance",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      920,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      412,
      190,
      72,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "guidance",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "guidance",
       "parameter_shortname": "guidance",
       "parameter_mmin": 0.0,
       "parameter_mmax": 10.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how closely the music follows the prompt"
    }
   },
   {
    "box": {
     "id": "obj-148",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      830,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-149",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      857,
      113,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /guidance"
    }
   },
   {
    "box": {
     "id": "obj-150",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      884,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-151",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      884,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 3"
    }
   },
   {
    "box": {
     "id": "obj-152",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      984,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /guidance"
    }
   },
   {
    "box": {
     "id": "obj-153",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1011,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "temperature",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      620,
      920,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      580,
      190,
      72,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "temperature",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "temperature",
       "parameter_shortname": "temperature",
       "parameter_mmin": 0.05,
       "parameter_mmax": 4.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "hint": "how adventurous the choice of sounds is"
    }
   },
   {
    "box": {
     "id": "obj-154",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      830,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-answer"
    }
   },
   {
    "box": {
     "id": "obj-155",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      620,
      857,
      133,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /temperature"
    }
   },
   {
    "box": {
     "id": "obj-156",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      884,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend set"
    }
   },
   {
    "box": {
     "id": "obj-157",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      710,
      884,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess set 1"
    }
   },
   {
    "box": {
     "id": "obj-158",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      984,
      146,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /temperature"
    }
   },
   {
    "box": {
     "id": "obj-159",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      620,
      1011,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   }
  ],
  "lines": [
   {
    "patchline": {
     "source": [
      "obj-5",
      0
     ],
     "destination": [
      "obj-6",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      0
     ],
     "destination": [
      "obj-9",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-11",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-12",
      0
     ],
     "destination": [
      "obj-13",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-13",
      0
     ],
     "destination": [
      "obj-14",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      0
     ],
     "destination": [
      "obj-17",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-17",
      0
     ],
     "destination": [
      "obj-18",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-19",
      0
     ],
     "destination": [
      "obj-20",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-20",
      0
     ],
     "destination": [
      "obj-21",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-21",
      0
     ],
     "destination": [
      "obj-22",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-18",
      0
     ],
     "destination": [
      "obj-19",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-23",
      0
     ],
     "destination": [
      "obj-19",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-18",
      1
     ],
     "destination": [
      "obj-24",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-24",
      0
     ],
     "destination": [
      "obj-21",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-18",
      2
     ],
     "destination": [
      "obj-25",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-27",
      0
     ],
     "destination": [
      "obj-28",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-22",
      0
     ],
     "destination": [
      "obj-27",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-29",
      0
     ],
     "destination": [
      "obj-27",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-22",
      0
     ],
     "destination": [
      "obj-30",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-22",
      1
     ],
     "destination": [
      "obj-31",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-30",
      0
     ],
     "destination": [
      "obj-32",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-31",
      0
     ],
     "destination": [
      "obj-32",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-34",
      0
     ],
     "destination": [
      "obj-35",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-35",
      0
     ],
     "destination": [
      "obj-36",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-36",
      0
     ],
     "destination": [
      "obj-37",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-38",
      0
     ],
     "destination": [
      "obj-37",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-41",
      0
     ],
     "destination": [
      "obj-42",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-42",
      0
     ],
     "destination": [
      "obj-43",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-43",
      0
     ],
     "destination": [
      "obj-44",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-45",
      0
     ],
     "destination": [
      "obj-46",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-46",
      0
     ],
     "destination": [
      "obj-47",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-44",
      0
     ],
     "destination": [
      "obj-45",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-50",
      0
     ],
     "destination": [
      "obj-51",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-51",
      0
     ],
     "destination": [
      "obj-52",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-52",
      0
     ],
     "destination": [
      "obj-53",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-54",
      0
     ],
     "destination": [
      "obj-55",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-53",
      0
     ],
     "destination": [
      "obj-54",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-58",
      0
     ],
     "destination": [
      "obj-59",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-60",
      0
     ],
     "destination": [
      "obj-61",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-59",
      1
     ],
     "destination": [
      "obj-60",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-62",
      0
     ],
     "destination": [
      "obj-63",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-59",
      0
     ],
     "destination": [
      "obj-62",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-64",
      0
     ],
     "destination": [
      "obj-65",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-65",
      0
     ],
     "destination": [
      "obj-66",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-66",
      0
     ],
     "destination": [
      "steer_note_C",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-67",
      0
     ],
     "destination": [
      "steer_note_C",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-68",
      0
     ],
     "destination": [
      "obj-69",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_C",
      0
     ],
     "destination": [
      "obj-68",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-70",
      0
     ],
     "destination": [
      "obj-71",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-71",
      0
     ],
     "destination": [
      "obj-72",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-72",
      0
     ],
     "destination": [
      "steer_note_Cs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-73",
      0
     ],
     "destination": [
      "steer_note_Cs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-74",
      0
     ],
     "destination": [
      "obj-75",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_Cs",
      0
     ],
     "destination": [
      "obj-74",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-76",
      0
     ],
     "destination": [
      "obj-77",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-77",
      0
     ],
     "destination": [
      "obj-78",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-78",
      0
     ],
     "destination": [
      "steer_note_D",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-79",
      0
     ],
     "destination": [
      "steer_note_D",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-80",
      0
     ],
     "destination": [
      "obj-81",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_D",
      0
     ],
     "destination": [
      "obj-80",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-82",
      0
     ],
     "destination": [
      "obj-83",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-83",
      0
     ],
     "destination": [
      "obj-84",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-84",
      0
     ],
     "destination": [
      "steer_note_Ds",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-85",
      0
     ],
     "destination": [
      "steer_note_Ds",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-86",
      0
     ],
     "destination": [
      "obj-87",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_Ds",
      0
     ],
     "destination": [
      "obj-86",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-88",
      0
     ],
     "destination": [
      "obj-89",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-89",
      0
     ],
     "destination": [
      "obj-90",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-90",
      0
     ],
     "destination": [
      "steer_note_E",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-91",
      0
     ],
     "destination": [
      "steer_note_E",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-92",
      0
     ],
     "destination": [
      "obj-93",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_E",
      0
     ],
     "destination": [
      "obj-92",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-94",
      0
     ],
     "destination": [
      "obj-95",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-95",
      0
     ],
     "destination": [
      "obj-96",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-96",
      0
     ],
     "destination": [
      "steer_note_F",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-97",
      0
     ],
     "destination": [
      "steer_note_F",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-98",
      0
     ],
     "destination": [
      "obj-99",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_F",
      0
     ],
     "destination": [
      "obj-98",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-100",
      0
     ],
     "destination": [
      "obj-101",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-101",
      0
     ],
     "destination": [
      "obj-102",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-102",
      0
     ],
     "destination": [
      "steer_note_Fs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-103",
      0
     ],
     "destination": [
      "steer_note_Fs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-104",
      0
     ],
     "destination": [
      "obj-105",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_Fs",
      0
     ],
     "destination": [
      "obj-104",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-106",
      0
     ],
     "destination": [
      "obj-107",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-107",
      0
     ],
     "destination": [
      "obj-108",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-108",
      0
     ],
     "destination": [
      "steer_note_G",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-109",
      0
     ],
     "destination": [
      "steer_note_G",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-110",
      0
     ],
     "destination": [
      "obj-111",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_G",
      0
     ],
     "destination": [
      "obj-110",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-112",
      0
     ],
     "destination": [
      "obj-113",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-113",
      0
     ],
     "destination": [
      "obj-114",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-114",
      0
     ],
     "destination": [
      "steer_note_Gs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-115",
      0
     ],
     "destination": [
      "steer_note_Gs",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-116",
      0
     ],
     "destination": [
      "obj-117",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_Gs",
      0
     ],
     "destination": [
      "obj-116",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-118",
      0
     ],
     "destination": [
      "obj-119",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-119",
      0
     ],
     "destination": [
      "obj-120",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-120",
      0
     ],
     "destination": [
      "steer_note_A",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-121",
      0
     ],
     "destination": [
      "steer_note_A",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-122",
      0
     ],
     "destination": [
      "obj-123",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_A",
      0
     ],
     "destination": [
      "obj-122",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-124",
      0
     ],
     "destination": [
      "obj-125",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-125",
      0
     ],
     "destination": [
      "obj-126",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-126",
      0
     ],
     "destination": [
      "steer_note_As",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-127",
      0
     ],
     "destination": [
      "steer_note_As",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-128",
      0
     ],
     "destination": [
      "obj-129",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_As",
      0
     ],
     "destination": [
      "obj-128",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-130",
      0
     ],
     "destination": [
      "obj-131",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-131",
      0
     ],
     "destination": [
      "obj-132",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-132",
      0
     ],
     "destination": [
      "steer_note_B",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-133",
      0
     ],
     "destination": [
      "steer_note_B",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-134",
      0
     ],
     "destination": [
      "obj-135",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_note_B",
      0
     ],
     "destination": [
      "obj-134",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-136",
      0
     ],
     "destination": [
      "obj-137",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-137",
      0
     ],
     "destination": [
      "obj-138",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-138",
      0
     ],
     "destination": [
      "steer_tempo",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      0
     ],
     "destination": [
      "steer_tempo",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-140",
      0
     ],
     "destination": [
      "obj-141",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "steer_tempo",
      0
     ],
     "destination": [
      "obj-140",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-142",
      0
     ],
     "destination": [
      "obj-143",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-143",
      0
     ],
     "destination": [
      "obj-144",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-144",
      0
     ],
     "destination": [
      "gain",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-145",
      0
     ],
     "destination": [
      "gain",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-146",
      0
     ],
     "destination": [
      "obj-147",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "gain",
      0
     ],
     "destination": [
      "obj-146",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-148",
      0
     ],
     "destination": [
      "obj-149",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-149",
      0
     ],
     "destination": [
      "obj-150",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-150",
      0
     ],
     "destination": [
      "guidance",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-151",
      0
     ],
     "destination": [
      "guidance",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-152",
      0
     ],
     "destination": [
      "obj-153",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "guidance",
      0
     ],
     "destination": [
      "obj-152",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-154",
      0
     ],
     "destination": [
      "obj-155",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-155",
      0
     ],
     "destination": [
      "obj-156",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-156",
      0
     ],
     "destination": [
      "temperature",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-157",
      0
     ],
     "destination": [
      "temperature",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-158",
      0
     ],
     "destination": [
      "obj-159",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "temperature",
      0
     ],
     "destination": [
      "obj-158",
      0
     ],
     "order": 0
    }
   }
  ],
  "dependency_cache": [],
  "autosave": 0
 }
}
