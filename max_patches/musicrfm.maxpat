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
   712.0,
   450.0
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
      2610,
      30,
      692,
      40
     ],
     "presentation": 1,
     "presentation_rect": [
      10,
      10,
      692,
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
      2620,
      34,
      120,
      31
     ],
     "presentation": 1,
     "presentation_rect": [
      20,
      14,
      120,
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
      2742,
      40,
      330,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      142,
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
      3246,
      40,
      50,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      646,
      20,
      50,
      20
     ],
     "text": "bridge",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-5",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      340,
      52,
      20
     ],
     "text": "help"
    }
   },
   {
    "box": {
     "id": "obj-6",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      20,
      364,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      548,
      18,
      60,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "help",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-7",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      398,
      42,
      22
     ],
     "text": "open",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-8",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      425,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "pcontrol"
    }
   },
   {
    "box": {
     "id": "obj-9",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      452,
      60,
      22
     ],
     "outlettype": [
      ""
     ],
     "patcher": {
      "title": "musicrfm: help",
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
       140.0,
       140.0,
       520.0,
       360.0
      ],
      "bglocked": 0,
      "openinpresentation": 0,
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
         "maxclass": "inlet",
         "numinlets": 0,
         "numoutlets": 1,
         "patching_rect": [
          490,
          20,
          30,
          30
         ],
         "outlettype": [
          ""
         ]
        }
       },
       {
        "box": {
         "id": "obj-2",
         "maxclass": "comment",
         "numinlets": 1,
         "numoutlets": 0,
         "patching_rect": [
          20,
          20,
          470,
          34
         ],
         "text": "Start the bridge in a terminal: bridge play. The light at the top blinks when it answers, and the dials move to its values.",
         "linecount": 2
        }
       },
       {
        "box": {
         "id": "obj-3",
         "maxclass": "comment",
         "numinlets": 1,
         "numoutlets": 0,
         "patching_rect": [
          20,
          70,
          470,
          34
         ],
         "text": "A coefficient of 1 is the top of a direction's useful range; 0 is off, below 0 steers away. The bars above the notes show how much each note sounds.",
         "linecount": 2
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
          120,
          470,
          34
         ],
         "text": "prompt: type, then press Enter. Prompts 1 to 4 are mixed by their weights.",
         "linecount": 2
        }
       },
       {
        "box": {
         "id": "obj-5",
         "maxclass": "comment",
         "numinlets": 1,
         "numoutlets": 0,
         "patching_rect": [
          20,
          170,
          470,
          34
         ],
         "text": "free: any other direction. Type its name and press Enter, or choose it from the menu, which lists the directions of the running bridge; refresh updates it.",
         "linecount": 2
        }
       },
       {
        "box": {
         "id": "obj-6",
         "maxclass": "comment",
         "numinlets": 1,
         "numoutlets": 0,
         "patching_rect": [
          20,
          220,
          470,
          34
         ],
         "text": "presets: the bridge saves them in its rig file. morph glides to one in the given number of seconds.",
         "linecount": 2
        }
       },
       {
        "box": {
         "id": "obj-7",
         "maxclass": "comment",
         "numinlets": 1,
         "numoutlets": 0,
         "patching_rect": [
          20,
          270,
          470,
          34
         ],
         "text": "panic: turns all steering off and starts a new piece.",
         "linecount": 2
        }
       }
      ],
      "lines": [],
      "dependency_cache": [],
      "autosave": 0
     },
     "text": "p help"
    }
   },
   {
    "box": {
     "id": "obj-10",
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
     "id": "obj-11",
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
     "id": "obj-12",
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
     "id": "obj-13",
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
     "id": "obj-14",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220,
      44,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "udpreceive 9001 @quiet 1"
    }
   },
   {
    "box": {
     "id": "obj-15",
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
     "id": "obj-16",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      430,
      20,
      247,
      20
     ],
     "text": "once a second: ping and reply port"
    }
   },
   {
    "box": {
     "id": "obj-17",
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
     "id": "obj-18",
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
     "id": "obj-19",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      430,
      98,
      276,
      22
     ],
     "text": "/reply_port 9001, /subscribe 9001, /ping",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-20",
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
     "id": "obj-21",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      740,
      20,
      175,
      20
     ],
     "text": "does the bridge answer?"
    }
   },
   {
    "box": {
     "id": "obj-22",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      740,
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
     "id": "obj-23",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      740,
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
     "id": "obj-24",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      740,
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
     "id": "obj-25",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      740,
      152,
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
     "id": "obj-26",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      740,
      179,
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
     "id": "obj-27",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      740,
      206,
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
     "id": "obj-28",
     "maxclass": "newobj",
     "numinlets": 3,
     "numoutlets": 3,
     "patching_rect": [
      740,
      233,
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
     "id": "obj-29",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      850,
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
     "id": "obj-30",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      790,
      179,
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
     "id": "obj-31",
     "maxclass": "button",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      125,
      24,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      620,
      18,
      24,
      24
     ],
     "outlettype": [
      "bang"
     ],
     "ignoreclick": 1
    }
   },
   {
    "box": {
     "id": "obj-32",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      740,
      270,
      113,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-here"
    }
   },
   {
    "box": {
     "id": "obj-33",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      860,
      270,
      113,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-gone"
    }
   },
   {
    "box": {
     "id": "obj-34",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      170,
      208,
      20
     ],
     "text": "ask for the list of controls"
    }
   },
   {
    "box": {
     "id": "obj-35",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      194,
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
     "id": "obj-36",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      221,
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
     "id": "obj-37",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      258,
      425,
      22
     ],
     "text": "/list, /get /*, /get /steer/*, /get /prompt/*, /get /prompt/*/*",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-38",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      285,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-39",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      90,
      226,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-40",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      340,
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
      820,
      364,
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
      820,
      391,
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
      820,
      418,
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
      820,
      448,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      74,
      66,
      366,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "prompt",
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
      820,
      478,
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
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      505,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-47",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      532,
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
     "id": "obj-48",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      559,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-49",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      88,
      56,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
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
     "id": "obj-50",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1130,
      340,
      52,
      20
     ],
     "text": "play"
    }
   },
   {
    "box": {
     "id": "obj-51",
     "maxclass": "toggle",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      448,
      24,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      456,
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
     "id": "obj-52",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      364,
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
     "id": "obj-53",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1130,
      391,
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
     "id": "obj-54",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      418,
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
     "id": "obj-55",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      478,
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
     "id": "obj-56",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1130,
      505,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-57",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      3082,
      88,
      36,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      482,
      68,
      36,
      20
     ],
     "text": "play",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-58",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      330,
      340,
      58,
      20
     ],
     "text": "panic"
    }
   },
   {
    "box": {
     "id": "obj-59",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      330,
      364,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      536,
      66,
      76,
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
     "id": "obj-60",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      330,
      398,
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
     "id": "obj-61",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      390,
      425,
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
     "id": "obj-62",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      390,
      452,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-63",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      330,
      486,
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
     "id": "obj-64",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      330,
      513,
      107,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-ask"
    }
   },
   {
    "box": {
     "id": "obj-65",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      560,
      340,
      71,
      20
     ],
     "text": "refresh"
    }
   },
   {
    "box": {
     "id": "obj-66",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      560,
      364,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      618,
      66,
      76,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "refresh",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-67",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      560,
      425,
      107,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-ask"
    }
   },
   {
    "box": {
     "id": "obj-68",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      620,
      398,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-here"
    }
   },
   {
    "box": {
     "id": "obj-69",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      2380,
      175,
      20
     ],
     "text": "prompt 1 and its weight"
    }
   },
   {
    "box": {
     "id": "obj-70",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2404,
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
      20,
      2431,
      113,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/1"
    }
   },
   {
    "box": {
     "id": "obj-72",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2458,
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
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      20,
      2488,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      36,
      100,
      196,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "prompt_1",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-74",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      2518,
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
     "id": "obj-75",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      2545,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-76",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2572,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/1"
    }
   },
   {
    "box": {
     "id": "obj-77",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      2599,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-78",
     "maxclass": "live.slider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2494,
      72,
      56
     ],
     "orientation": 1,
     "showname": 0,
     "shownumber": 0,
     "presentation": 1,
     "presentation_rect": [
      240,
      100,
      100,
      24
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "weight 1",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "weight 1",
       "parameter_shortname": "weight 1",
       "parameter_mmin": 0.0,
       "parameter_mmax": 1.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "weight of prompt 1; the remainder up to 1 goes to /prompt",
     "annotation_name": "weight 1"
    }
   },
   {
    "box": {
     "id": "obj-79",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2404,
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
     "id": "obj-80",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2431,
      159,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/1/weight"
    }
   },
   {
    "box": {
     "id": "obj-81",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2458,
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
     "id": "obj-82",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-83",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2585,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/1/weight"
    }
   },
   {
    "box": {
     "id": "obj-84",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      270,
      2612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-85",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      122,
      20,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
      102,
      20,
      20
     ],
     "text": "1",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-86",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      520,
      2380,
      175,
      20
     ],
     "text": "prompt 2 and its weight"
    }
   },
   {
    "box": {
     "id": "obj-87",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2404,
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
     "id": "obj-88",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      520,
      2431,
      113,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/2"
    }
   },
   {
    "box": {
     "id": "obj-89",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2458,
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
     "id": "obj-90",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      520,
      2488,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      374,
      100,
      196,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "prompt_2",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-91",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      520,
      2518,
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
     "id": "obj-92",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      520,
      2545,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-93",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2572,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/2"
    }
   },
   {
    "box": {
     "id": "obj-94",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      520,
      2599,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-95",
     "maxclass": "live.slider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2494,
      72,
      56
     ],
     "orientation": 1,
     "showname": 0,
     "shownumber": 0,
     "presentation": 1,
     "presentation_rect": [
      578,
      100,
      100,
      24
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "weight 2",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "weight 2",
       "parameter_shortname": "weight 2",
       "parameter_mmin": 0.0,
       "parameter_mmax": 1.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "weight of prompt 2; the remainder up to 1 goes to /prompt",
     "annotation_name": "weight 2"
    }
   },
   {
    "box": {
     "id": "obj-96",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2404,
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
     "id": "obj-97",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2431,
      159,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/2/weight"
    }
   },
   {
    "box": {
     "id": "obj-98",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2458,
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
     "id": "obj-99",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-100",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2585,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/2/weight"
    }
   },
   {
    "box": {
     "id": "obj-101",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      770,
      2612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-102",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2952,
      122,
      20,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      352,
      102,
      20,
      20
     ],
     "text": "2",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-103",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      2380,
      175,
      20
     ],
     "text": "prompt 3 and its weight"
    }
   },
   {
    "box": {
     "id": "obj-104",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2404,
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
     "id": "obj-105",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      2431,
      113,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/3"
    }
   },
   {
    "box": {
     "id": "obj-106",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2458,
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
     "id": "obj-107",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      1020,
      2488,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      36,
      130,
      196,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "prompt_3",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-108",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      2518,
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
     "id": "obj-109",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      2545,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-110",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2572,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/3"
    }
   },
   {
    "box": {
     "id": "obj-111",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      2599,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-112",
     "maxclass": "live.slider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2494,
      72,
      56
     ],
     "orientation": 1,
     "showname": 0,
     "shownumber": 0,
     "presentation": 1,
     "presentation_rect": [
      240,
      130,
      100,
      24
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "weight 3",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "weight 3",
       "parameter_shortname": "weight 3",
       "parameter_mmin": 0.0,
       "parameter_mmax": 1.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "weight of prompt 3; the remainder up to 1 goes to /prompt",
     "annotation_name": "weight 3"
    }
   },
   {
    "box": {
     "id": "obj-113",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2404,
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
     "id": "obj-114",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2431,
      159,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/3/weight"
    }
   },
   {
    "box": {
     "id": "obj-115",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2458,
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
     "id": "obj-116",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-117",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2585,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/3/weight"
    }
   },
   {
    "box": {
     "id": "obj-118",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1270,
      2612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-119",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      152,
      20,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
      132,
      20,
      20
     ],
     "text": "3",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-120",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1520,
      2380,
      175,
      20
     ],
     "text": "prompt 4 and its weight"
    }
   },
   {
    "box": {
     "id": "obj-121",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2404,
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
     "id": "obj-122",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      2431,
      113,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/4"
    }
   },
   {
    "box": {
     "id": "obj-123",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2458,
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
     "id": "obj-124",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      1520,
      2488,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      374,
      130,
      196,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "prompt_4",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-125",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      2518,
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
     "id": "obj-126",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      2545,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-127",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2572,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/4"
    }
   },
   {
    "box": {
     "id": "obj-128",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1520,
      2599,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-129",
     "maxclass": "live.slider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1770,
      2494,
      72,
      56
     ],
     "orientation": 1,
     "showname": 0,
     "shownumber": 0,
     "presentation": 1,
     "presentation_rect": [
      578,
      130,
      100,
      24
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "weight 4",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "weight 4",
       "parameter_shortname": "weight 4",
       "parameter_mmin": 0.0,
       "parameter_mmax": 1.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "weight of prompt 4; the remainder up to 1 goes to /prompt",
     "annotation_name": "weight 4"
    }
   },
   {
    "box": {
     "id": "obj-130",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2404,
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
      1770,
      2431,
      159,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /prompt/4/weight"
    }
   },
   {
    "box": {
     "id": "obj-132",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2458,
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
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-134",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2585,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /prompt/4/weight"
    }
   },
   {
    "box": {
     "id": "obj-135",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1770,
      2612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-136",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2952,
      152,
      20,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      352,
      132,
      20,
      20
     ],
     "text": "4",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-137",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      560,
      65,
      20
     ],
     "text": "meters"
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
      584,
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
     "id": "obj-139",
     "maxclass": "newobj",
     "numinlets": 8,
     "numoutlets": 8,
     "patching_rect": [
      20,
      611,
      692,
      22
     ],
     "outlettype": [
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      ""
     ],
     "text": "route /meter/level /meter/chroma /meter/buffer /meter/speed /meter/latency /meter/underruns /meter/tempo"
    }
   },
   {
    "box": {
     "id": "obj-140",
     "maxclass": "slider",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      677,
      120,
      16
     ],
     "presentation": 1,
     "presentation_rect": [
      114,
      166,
      92,
      14
     ],
     "outlettype": [
      ""
     ],
     "orientation": 1,
     "floatoutput": 1,
     "min": -60.0,
     "size": 60.0,
     "ignoreclick": 1,
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-141",
     "maxclass": "multislider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      160,
      677,
      120,
      40
     ],
     "presentation": 1,
     "presentation_rect": [
      16,
      184,
      672,
      34
     ],
     "outlettype": [
      "",
      ""
     ],
     "size": 12,
     "ignoreclick": 1,
     "setminmax": [
      0.0,
      1.0
     ],
     "setstyle": 1,
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-142",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      650,
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
     "id": "obj-143",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      160,
      650,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend setlist"
    }
   },
   {
    "box": {
     "id": "obj-144",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      310,
      650,
      198,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout buffer %.2f s"
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
      677,
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
     "id": "obj-146",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      310,
      704,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      216,
      164,
      96,
      18
     ],
     "fontsize": 11.0,
     "text": "buffer \u2013"
    }
   },
   {
    "box": {
     "id": "obj-147",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      540,
      650,
      191,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout speed %.1f \u00d7"
    }
   },
   {
    "box": {
     "id": "obj-148",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      540,
      677,
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
     "id": "obj-149",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      540,
      704,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      312,
      164,
      96,
      18
     ],
     "fontsize": 11.0,
     "text": "speed \u2013"
    }
   },
   {
    "box": {
     "id": "obj-150",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      650,
      204,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout latency %.2f s"
    }
   },
   {
    "box": {
     "id": "obj-151",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      677,
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
     "id": "obj-152",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      770,
      704,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      408,
      164,
      96,
      18
     ],
     "fontsize": 11.0,
     "text": "latency \u2013"
    }
   },
   {
    "box": {
     "id": "obj-153",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1000,
      650,
      204,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout underruns %.0f"
    }
   },
   {
    "box": {
     "id": "obj-154",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1000,
      677,
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
     "id": "obj-155",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1000,
      704,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      504,
      164,
      96,
      18
     ],
     "fontsize": 11.0,
     "text": "underruns \u2013"
    }
   },
   {
    "box": {
     "id": "obj-156",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1230,
      650,
      204,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout tempo %.0f BPM"
    }
   },
   {
    "box": {
     "id": "obj-157",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1230,
      677,
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
     "id": "obj-158",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1230,
      704,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      600,
      164,
      96,
      18
     ],
     "fontsize": 11.0,
     "text": "tempo \u2013"
    }
   },
   {
    "box": {
     "id": "obj-159",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      184,
      46,
      18
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
      164,
      46,
      18
     ],
     "text": "heard",
     "fontsize": 11.0
    }
   },
   {
    "box": {
     "id": "obj-160",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2678,
      184,
      34,
      18
     ],
     "presentation": 1,
     "presentation_rect": [
      78,
      164,
      34,
      18
     ],
     "text": "level",
     "fontsize": 11.0
    }
   },
   {
    "box": {
     "id": "obj-161",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1120,
      110,
      20
     ],
     "text": "/steer/note_C"
    }
   },
   {
    "box": {
     "id": "obj-162",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      20,
      222,
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
     "annotation": "strength of note_C; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_C"
    }
   },
   {
    "box": {
     "id": "obj-163",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1144,
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
     "id": "obj-164",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1171,
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
     "id": "obj-165",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1198,
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
     "id": "obj-166",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-167",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1325,
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
     "id": "obj-168",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-169",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      1234,
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
     "id": "obj-170",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-171",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      250,
      1171,
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
     "id": "obj-172",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-173",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-174",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-175",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1120,
      117,
      20
     ],
     "text": "/steer/note_Cs"
    }
   },
   {
    "box": {
     "id": "obj-176",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      76,
      222,
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
     "annotation": "strength of note_Cs; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_Cs"
    }
   },
   {
    "box": {
     "id": "obj-177",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1144,
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
     "id": "obj-178",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1171,
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
     "id": "obj-179",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1198,
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
     "id": "obj-180",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-181",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1325,
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
     "id": "obj-182",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-183",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      1234,
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
     "id": "obj-184",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-185",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      650,
      1171,
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
     "id": "obj-186",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-187",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-188",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-189",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1120,
      110,
      20
     ],
     "text": "/steer/note_D"
    }
   },
   {
    "box": {
     "id": "obj-190",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      132,
      222,
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
     "annotation": "strength of note_D; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_D"
    }
   },
   {
    "box": {
     "id": "obj-191",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1144,
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
     "id": "obj-192",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1171,
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
     "id": "obj-193",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1198,
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
     "id": "obj-194",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-195",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1325,
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
     "id": "obj-196",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-197",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      910,
      1234,
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
     "id": "obj-198",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-199",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1050,
      1171,
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
     "id": "obj-200",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-201",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-202",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-203",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1120,
      117,
      20
     ],
     "text": "/steer/note_Ds"
    }
   },
   {
    "box": {
     "id": "obj-204",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      188,
      222,
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
     "annotation": "strength of note_Ds; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_Ds"
    }
   },
   {
    "box": {
     "id": "obj-205",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1144,
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
     "id": "obj-206",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1171,
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
     "id": "obj-207",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1198,
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
     "id": "obj-208",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-209",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1325,
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
     "id": "obj-210",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-211",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1310,
      1234,
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
     "id": "obj-212",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-213",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1450,
      1171,
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
     "id": "obj-214",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-215",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-216",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-217",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1620,
      1120,
      110,
      20
     ],
     "text": "/steer/note_E"
    }
   },
   {
    "box": {
     "id": "obj-218",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1620,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      244,
      222,
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
     "annotation": "strength of note_E; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_E"
    }
   },
   {
    "box": {
     "id": "obj-219",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1144,
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
     "id": "obj-220",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1620,
      1171,
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
     "id": "obj-221",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1198,
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
     "id": "obj-222",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-223",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1325,
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
     "id": "obj-224",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1620,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-225",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1710,
      1234,
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
     "id": "obj-226",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-227",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1850,
      1171,
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
     "id": "obj-228",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-229",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-230",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-231",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2020,
      1120,
      110,
      20
     ],
     "text": "/steer/note_F"
    }
   },
   {
    "box": {
     "id": "obj-232",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      2020,
      1234,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      300,
      222,
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
     "annotation": "strength of note_F; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_F"
    }
   },
   {
    "box": {
     "id": "obj-233",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1144,
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
     "id": "obj-234",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      2020,
      1171,
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
     "id": "obj-235",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1198,
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
     "id": "obj-236",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1298,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-237",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1325,
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
     "id": "obj-238",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2020,
      1352,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-239",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2110,
      1234,
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
     "id": "obj-240",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1144,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-241",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      2250,
      1171,
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
     "id": "obj-242",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1198,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-243",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1234,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-244",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1261,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-245",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1380,
      117,
      20
     ],
     "text": "/steer/note_Fs"
    }
   },
   {
    "box": {
     "id": "obj-246",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      356,
      222,
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
     "annotation": "strength of note_Fs; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_Fs"
    }
   },
   {
    "box": {
     "id": "obj-247",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1404,
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
     "id": "obj-248",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1431,
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
     "id": "obj-249",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1458,
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
     "id": "obj-250",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-251",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1585,
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
     "id": "obj-252",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-253",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      1494,
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
     "id": "obj-254",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-255",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      250,
      1431,
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
     "id": "obj-256",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-257",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-258",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-259",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1380,
      110,
      20
     ],
     "text": "/steer/note_G"
    }
   },
   {
    "box": {
     "id": "obj-260",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      412,
      222,
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
     "annotation": "strength of note_G; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_G"
    }
   },
   {
    "box": {
     "id": "obj-261",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1404,
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
     "id": "obj-262",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1431,
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
     "id": "obj-263",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1458,
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
     "id": "obj-264",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-265",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1585,
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
     "id": "obj-266",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-267",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      1494,
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
     "id": "obj-268",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-269",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      650,
      1431,
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
     "id": "obj-270",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-271",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-272",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      650,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-273",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1380,
      117,
      20
     ],
     "text": "/steer/note_Gs"
    }
   },
   {
    "box": {
     "id": "obj-274",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      468,
      222,
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
     "annotation": "strength of note_Gs; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_Gs"
    }
   },
   {
    "box": {
     "id": "obj-275",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1404,
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
     "id": "obj-276",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1431,
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
     "id": "obj-277",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1458,
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
     "id": "obj-278",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-279",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1585,
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
     "id": "obj-280",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-281",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      910,
      1494,
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
     "id": "obj-282",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-283",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1050,
      1431,
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
     "id": "obj-284",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-285",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-286",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1050,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-287",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1380,
      110,
      20
     ],
     "text": "/steer/note_A"
    }
   },
   {
    "box": {
     "id": "obj-288",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      524,
      222,
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
     "annotation": "strength of note_A; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_A"
    }
   },
   {
    "box": {
     "id": "obj-289",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1404,
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
     "id": "obj-290",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1431,
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
     "id": "obj-291",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1458,
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
     "id": "obj-292",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-293",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1585,
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
     "id": "obj-294",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-295",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1310,
      1494,
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
     "id": "obj-296",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-297",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1450,
      1431,
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
     "id": "obj-298",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-299",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-300",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1450,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-301",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1620,
      1380,
      117,
      20
     ],
     "text": "/steer/note_As"
    }
   },
   {
    "box": {
     "id": "obj-302",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1620,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      580,
      222,
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
     "annotation": "strength of note_As; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_As"
    }
   },
   {
    "box": {
     "id": "obj-303",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1404,
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
     "id": "obj-304",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1620,
      1431,
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
     "id": "obj-305",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1458,
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
     "id": "obj-306",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-307",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1620,
      1585,
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
     "id": "obj-308",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1620,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-309",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1710,
      1494,
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
     "id": "obj-310",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-311",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1850,
      1431,
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
     "id": "obj-312",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-313",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-314",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1850,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-315",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2020,
      1380,
      110,
      20
     ],
     "text": "/steer/note_B"
    }
   },
   {
    "box": {
     "id": "obj-316",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      2020,
      1494,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      636,
      222,
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
     "annotation": "strength of note_B; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_note_B"
    }
   },
   {
    "box": {
     "id": "obj-317",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1404,
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
     "id": "obj-318",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      2020,
      1431,
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
     "id": "obj-319",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1458,
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
     "id": "obj-320",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1558,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-321",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2020,
      1585,
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
     "id": "obj-322",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2020,
      1612,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-323",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2110,
      1494,
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
     "id": "obj-324",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1404,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-325",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      2250,
      1431,
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
     "id": "obj-326",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1458,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-327",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1494,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-328",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      2250,
      1521,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-329",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1640,
      104,
      20
     ],
     "text": "/steer/tempo"
    }
   },
   {
    "box": {
     "id": "obj-330",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1754,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      16,
      316,
      64,
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
     "annotation": "strength of tempo; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "steer_tempo"
    }
   },
   {
    "box": {
     "id": "obj-331",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1664,
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
     "id": "obj-332",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1691,
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
     "id": "obj-333",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1718,
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
     "id": "obj-334",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1818,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-335",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      1845,
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
     "id": "obj-336",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1872,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-337",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      110,
      1754,
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
     "id": "obj-338",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1664,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-339",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      250,
      1691,
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
     "id": "obj-340",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1718,
      68,
      22
     ],
     "text": "active 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-341",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1754,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-342",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      250,
      1781,
      68,
      22
     ],
     "text": "active 0",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-343",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1640,
      58,
      20
     ],
     "text": "/gain"
    }
   },
   {
    "box": {
     "id": "obj-344",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1754,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      88,
      316,
      64,
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
     "annotation": "output level; -60 is silence",
     "annotation_name": "gain"
    }
   },
   {
    "box": {
     "id": "obj-345",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1664,
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
     "id": "obj-346",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      420,
      1691,
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
     "id": "obj-347",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1718,
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
     "id": "obj-348",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1818,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-349",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      420,
      1845,
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
     "id": "obj-350",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      420,
      1872,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-351",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      510,
      1754,
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
     "id": "obj-352",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1640,
      84,
      20
     ],
     "text": "/guidance"
    }
   },
   {
    "box": {
     "id": "obj-353",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1754,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      160,
      316,
      64,
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
     "annotation": "strength of the prompt (classifier-free guidance); 1 turns guidance off; models may set another default",
     "annotation_name": "guidance"
    }
   },
   {
    "box": {
     "id": "obj-354",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1664,
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
     "id": "obj-355",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      820,
      1691,
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
     "id": "obj-356",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1718,
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
     "id": "obj-357",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1818,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-358",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      820,
      1845,
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
     "id": "obj-359",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820,
      1872,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-360",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      910,
      1754,
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
     "id": "obj-361",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1640,
      104,
      20
     ],
     "text": "/temperature"
    }
   },
   {
    "box": {
     "id": "obj-362",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1754,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      232,
      316,
      64,
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
     "annotation": "randomness of the choice of codes; models may set another default",
     "annotation_name": "temperature"
    }
   },
   {
    "box": {
     "id": "obj-363",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1664,
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
     "id": "obj-364",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1220,
      1691,
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
     "id": "obj-365",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1718,
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
     "id": "obj-366",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1818,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-367",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1220,
      1845,
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
     "id": "obj-368",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1220,
      1872,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-369",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1310,
      1754,
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
     "id": "obj-370",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      760,
      169,
      20
     ],
     "text": "list of its directions"
    }
   },
   {
    "box": {
     "id": "obj-371",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      784,
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
     "id": "obj-372",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      811,
      87,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route /list"
    }
   },
   {
    "box": {
     "id": "obj-373",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      838,
      81,
      22
     ],
     "outlettype": [
      "list",
      "list"
     ],
     "text": "zl.slice 1"
    }
   },
   {
    "box": {
     "id": "obj-374",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      865,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-375",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      260,
      784,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-listed"
    }
   },
   {
    "box": {
     "id": "obj-376",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 5,
     "patching_rect": [
      260,
      811,
      165,
      22
     ],
     "outlettype": [
      "",
      "",
      "",
      "",
      ""
     ],
     "text": "regexp ^/steer/([^/]+)$"
    }
   },
   {
    "box": {
     "id": "obj-377",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      300,
      838,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "t l l"
    }
   },
   {
    "box": {
     "id": "obj-378",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      360,
      865,
      107,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend append"
    }
   },
   {
    "box": {
     "id": "obj-379",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      360,
      892,
      120,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-380",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      540,
      811,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-381",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      540,
      838,
      48,
      22
     ],
     "text": "clear",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-382",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      540,
      865,
      120,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-383",
     "maxclass": "newobj",
     "numinlets": 14,
     "numoutlets": 14,
     "patching_rect": [
      20,
      930,
      666,
      22
     ],
     "outlettype": [
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      "",
      ""
     ],
     "text": "route note_C note_Cs note_D note_Ds note_E note_F note_Fs note_G note_Gs note_A note_As note_B tempo"
    }
   },
   {
    "box": {
     "id": "obj-384",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      965,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "t b l"
    }
   },
   {
    "box": {
     "id": "obj-385",
     "maxclass": "newobj",
     "numinlets": 5,
     "numoutlets": 4,
     "patching_rect": [
      20,
      992,
      107,
      22
     ],
     "outlettype": [
      "",
      "",
      "",
      ""
     ],
     "text": "counter 1 1000"
    }
   },
   {
    "box": {
     "id": "obj-386",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1019,
      61,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.join"
    }
   },
   {
    "box": {
     "id": "obj-387",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      260,
      965,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-forget"
    }
   },
   {
    "box": {
     "id": "obj-388",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      260,
      992,
      48,
      22
     ],
     "text": "set 1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-389",
     "maxclass": "newobj",
     "numinlets": 5,
     "numoutlets": 5,
     "patching_rect": [
      20,
      1046,
      100,
      22
     ],
     "outlettype": [
      "",
      "",
      "",
      "",
      ""
     ],
     "text": "route 1 2 3 4"
    }
   },
   {
    "box": {
     "id": "obj-390",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1080,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-found1"
    }
   },
   {
    "box": {
     "id": "obj-391",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      190,
      1080,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-found2"
    }
   },
   {
    "box": {
     "id": "obj-392",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      360,
      1080,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-found3"
    }
   },
   {
    "box": {
     "id": "obj-393",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      530,
      1080,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-found4"
    }
   },
   {
    "box": {
     "id": "obj-394",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      20,
      2207,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      333,
      316,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "free_1",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "free_1",
       "parameter_shortname": "free 1",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "strength of NAME; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "free_1"
    }
   },
   {
    "box": {
     "id": "obj-395",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      20,
      1964,
      100,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      324,
      292,
      66,
      22
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "free_1_name",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-396",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      1940,
      130,
      20
     ],
     "text": "free direction 1"
    }
   },
   {
    "box": {
     "id": "obj-397",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      1997,
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
     "id": "obj-398",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      20,
      2024,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-399",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      130,
      1997,
      90,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      390,
      292,
      22,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "items": [
      "\u2013"
     ],
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-400",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      130,
      1970,
      120,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-401",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      1964,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-found1"
    }
   },
   {
    "box": {
     "id": "obj-402",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      270,
      1997,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "gate 1 1"
    }
   },
   {
    "box": {
     "id": "obj-403",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      20,
      2062,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l 0"
    }
   },
   {
    "box": {
     "id": "obj-404",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2062,
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
     "id": "obj-405",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2089,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout /steer/%s"
    }
   },
   {
    "box": {
     "id": "obj-406",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      20,
      2116,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l l"
    }
   },
   {
    "box": {
     "id": "obj-407",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2153,
      94,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /get"
    }
   },
   {
    "box": {
     "id": "obj-408",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      2180,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-409",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      130,
      2153,
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
     "id": "obj-410",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      130,
      2297,
      139,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-411",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      130,
      2324,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-412",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2089,
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
     "id": "obj-413",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2116,
      81,
      22
     ],
     "outlettype": [
      "list",
      "list"
     ],
     "text": "zl.slice 1"
    }
   },
   {
    "box": {
     "id": "obj-414",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2153,
      159,
      22
     ],
     "outlettype": [
      "int",
      "int/list"
     ],
     "text": "zl.compare /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-415",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2180,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "sel 1"
    }
   },
   {
    "box": {
     "id": "obj-416",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      270,
      2207,
      55,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.reg"
    }
   },
   {
    "box": {
     "id": "obj-417",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      270,
      2234,
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
     "id": "obj-418",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      2270,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-419",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      520,
      2207,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      427,
      316,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "free_2",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "free_2",
       "parameter_shortname": "free 2",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "strength of NAME; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "free_2"
    }
   },
   {
    "box": {
     "id": "obj-420",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      520,
      1964,
      100,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      418,
      292,
      66,
      22
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "free_2_name",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-421",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      520,
      1940,
      130,
      20
     ],
     "text": "free direction 2"
    }
   },
   {
    "box": {
     "id": "obj-422",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      520,
      1997,
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
     "id": "obj-423",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      520,
      2024,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-424",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      630,
      1997,
      90,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      484,
      292,
      22,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "items": [
      "\u2013"
     ],
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-425",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      630,
      1970,
      120,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-426",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      1964,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-found2"
    }
   },
   {
    "box": {
     "id": "obj-427",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      770,
      1997,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "gate 1 1"
    }
   },
   {
    "box": {
     "id": "obj-428",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      520,
      2062,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l 0"
    }
   },
   {
    "box": {
     "id": "obj-429",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2062,
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
     "id": "obj-430",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2089,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout /steer/%s"
    }
   },
   {
    "box": {
     "id": "obj-431",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      520,
      2116,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l l"
    }
   },
   {
    "box": {
     "id": "obj-432",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2153,
      94,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /get"
    }
   },
   {
    "box": {
     "id": "obj-433",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      520,
      2180,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-434",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      630,
      2153,
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
     "id": "obj-435",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      630,
      2297,
      139,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-436",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      630,
      2324,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-437",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2089,
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
     "id": "obj-438",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2116,
      81,
      22
     ],
     "outlettype": [
      "list",
      "list"
     ],
     "text": "zl.slice 1"
    }
   },
   {
    "box": {
     "id": "obj-439",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2153,
      159,
      22
     ],
     "outlettype": [
      "int",
      "int/list"
     ],
     "text": "zl.compare /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-440",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2180,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "sel 1"
    }
   },
   {
    "box": {
     "id": "obj-441",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      770,
      2207,
      55,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.reg"
    }
   },
   {
    "box": {
     "id": "obj-442",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      770,
      2234,
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
     "id": "obj-443",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      520,
      2270,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-444",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      2207,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      521,
      316,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "free_3",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "free_3",
       "parameter_shortname": "free 3",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "strength of NAME; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "free_3"
    }
   },
   {
    "box": {
     "id": "obj-445",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      1020,
      1964,
      100,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      512,
      292,
      66,
      22
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "free_3_name",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-446",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      1940,
      130,
      20
     ],
     "text": "free direction 3"
    }
   },
   {
    "box": {
     "id": "obj-447",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      1997,
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
     "id": "obj-448",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1020,
      2024,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-449",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1130,
      1997,
      90,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      578,
      292,
      22,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "items": [
      "\u2013"
     ],
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-450",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      1970,
      120,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-451",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      1964,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-found3"
    }
   },
   {
    "box": {
     "id": "obj-452",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      1997,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "gate 1 1"
    }
   },
   {
    "box": {
     "id": "obj-453",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1020,
      2062,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l 0"
    }
   },
   {
    "box": {
     "id": "obj-454",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2062,
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
     "id": "obj-455",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2089,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout /steer/%s"
    }
   },
   {
    "box": {
     "id": "obj-456",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1020,
      2116,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l l"
    }
   },
   {
    "box": {
     "id": "obj-457",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2153,
      94,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /get"
    }
   },
   {
    "box": {
     "id": "obj-458",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1020,
      2180,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-459",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      2153,
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
     "id": "obj-460",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1130,
      2297,
      139,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-461",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1130,
      2324,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-462",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2089,
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
     "id": "obj-463",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2116,
      81,
      22
     ],
     "outlettype": [
      "list",
      "list"
     ],
     "text": "zl.slice 1"
    }
   },
   {
    "box": {
     "id": "obj-464",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2153,
      159,
      22
     ],
     "outlettype": [
      "int",
      "int/list"
     ],
     "text": "zl.compare /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-465",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2180,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "sel 1"
    }
   },
   {
    "box": {
     "id": "obj-466",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1270,
      2207,
      55,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.reg"
    }
   },
   {
    "box": {
     "id": "obj-467",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1270,
      2234,
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
     "id": "obj-468",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1020,
      2270,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-469",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      2207,
      72,
      56
     ],
     "presentation": 1,
     "presentation_rect": [
      615,
      316,
      48,
      56
     ],
     "outlettype": [
      "",
      "float"
     ],
     "varname": "free_4",
     "parameter_enable": 1,
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_longname": "free_4",
       "parameter_shortname": "free 4",
       "parameter_mmin": -2.0,
       "parameter_mmax": 2.0,
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "annotation": "strength of NAME; 1 is the top of its useful range, below 0 steers away",
     "annotation_name": "free_4"
    }
   },
   {
    "box": {
     "id": "obj-470",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      1520,
      1964,
      100,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      606,
      292,
      66,
      22
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "free_4_name",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-471",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1520,
      1940,
      130,
      20
     ],
     "text": "free direction 4"
    }
   },
   {
    "box": {
     "id": "obj-472",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      1997,
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
     "id": "obj-473",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
      2024,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-474",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1630,
      1997,
      90,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      672,
      292,
      22,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "items": [
      "\u2013"
     ],
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-475",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1630,
      1970,
      120,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-menus"
    }
   },
   {
    "box": {
     "id": "obj-476",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      1964,
      126,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-found4"
    }
   },
   {
    "box": {
     "id": "obj-477",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      1997,
      68,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "gate 1 1"
    }
   },
   {
    "box": {
     "id": "obj-478",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1520,
      2062,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l 0"
    }
   },
   {
    "box": {
     "id": "obj-479",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2062,
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
     "id": "obj-480",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2089,
      172,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "sprintf symout /steer/%s"
    }
   },
   {
    "box": {
     "id": "obj-481",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1520,
      2116,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t l l l"
    }
   },
   {
    "box": {
     "id": "obj-482",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2153,
      94,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /get"
    }
   },
   {
    "box": {
     "id": "obj-483",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1520,
      2180,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-484",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1630,
      2153,
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
     "id": "obj-485",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1630,
      2297,
      139,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-486",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1630,
      2324,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-487",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2089,
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
     "id": "obj-488",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1770,
      2116,
      81,
      22
     ],
     "outlettype": [
      "list",
      "list"
     ],
     "text": "zl.slice 1"
    }
   },
   {
    "box": {
     "id": "obj-489",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1770,
      2153,
      159,
      22
     ],
     "outlettype": [
      "int",
      "int/list"
     ],
     "text": "zl.compare /steer/none"
    }
   },
   {
    "box": {
     "id": "obj-490",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1770,
      2180,
      48,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "sel 1"
    }
   },
   {
    "box": {
     "id": "obj-491",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1770,
      2207,
      55,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.reg"
    }
   },
   {
    "box": {
     "id": "obj-492",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1770,
      2234,
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
     "id": "obj-493",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1520,
      2270,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "speedlim 10"
    }
   },
   {
    "box": {
     "id": "obj-494",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1240,
      760,
      71,
      20
     ],
     "text": "presets"
    }
   },
   {
    "box": {
     "id": "obj-495",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      1240,
      880,
      180,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      74,
      384,
      190,
      24
     ],
     "outlettype": [
      "",
      "int",
      "",
      ""
     ],
     "varname": "preset",
     "keymode": 1,
     "outputmode": 1,
     "lines": 1,
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-496",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1240,
      910,
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
     "id": "obj-497",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1240,
      937,
      81,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "text": "route bang"
    }
   },
   {
    "box": {
     "id": "obj-498",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 3,
     "patching_rect": [
      1240,
      970,
      68,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "gate 3 0"
    }
   },
   {
    "box": {
     "id": "obj-499",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      406,
      56,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
      386,
      56,
      20
     ],
     "text": "preset",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-500",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1240,
      784,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      272,
      384,
      70,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "store",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-501",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1240,
      818,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t 0 b 1"
    }
   },
   {
    "box": {
     "id": "obj-502",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1240,
      1040,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /preset/store"
    }
   },
   {
    "box": {
     "id": "obj-503",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1240,
      1067,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-504",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1440,
      784,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      348,
      384,
      70,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "recall",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-505",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1440,
      818,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t 0 b 2"
    }
   },
   {
    "box": {
     "id": "obj-506",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1440,
      1040,
      159,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /preset/recall"
    }
   },
   {
    "box": {
     "id": "obj-507",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1440,
      1067,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-508",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1640,
      784,
      60,
      24
     ],
     "presentation": 1,
     "presentation_rect": [
      424,
      384,
      70,
      24
     ],
     "outlettype": [
      "",
      "",
      "int"
     ],
     "text": "morph",
     "parameter_enable": 0,
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-509",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1640,
      818,
      61,
      22
     ],
     "outlettype": [
      "",
      "",
      ""
     ],
     "text": "t 0 b 3"
    }
   },
   {
    "box": {
     "id": "obj-510",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1640,
      1040,
      152,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "prepend /preset/morph"
    }
   },
   {
    "box": {
     "id": "obj-511",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1640,
      1067,
      126,
      22
     ],
     "outlettype": [],
     "text": "s musicrfm-packet"
    }
   },
   {
    "box": {
     "id": "obj-512",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1640,
      1010,
      61,
      22
     ],
     "outlettype": [
      "list",
      "inactive"
     ],
     "text": "zl.join"
    }
   },
   {
    "box": {
     "id": "obj-513",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1720,
      980,
      60,
      22
     ],
     "presentation": 1,
     "presentation_rect": [
      500,
      385,
      50,
      22
     ],
     "outlettype": [
      "",
      ""
     ],
     "minimum": 0.0,
     "parameter_enable": 0
    }
   },
   {
    "box": {
     "id": "obj-514",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1720,
      945,
      87,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "loadmess 4."
    }
   },
   {
    "box": {
     "id": "obj-515",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      3152,
      406,
      60,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      552,
      386,
      60,
      20
     ],
     "text": "seconds",
     "fontsize": 12.0
    }
   },
   {
    "box": {
     "id": "obj-516",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1010,
      20,
      65,
      20
     ],
     "text": "status"
    }
   },
   {
    "box": {
     "id": "obj-517",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1010,
      44,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-here"
    }
   },
   {
    "box": {
     "id": "obj-518",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1010,
      71,
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
     "id": "obj-519",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1180,
      44,
      113,
      22
     ],
     "outlettype": [
      ""
     ],
     "text": "r musicrfm-gone"
    }
   },
   {
    "box": {
     "id": "obj-520",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1180,
      71,
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
     "id": "obj-521",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
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
     "id": "obj-522",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1520,
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
     "id": "obj-523",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1520,
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
     "id": "obj-524",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1010,
      140,
      120,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      74,
      420,
      618,
      20
     ],
     "text": "not connected yet"
    }
   },
   {
    "box": {
     "id": "obj-525",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      2614,
      440,
      56,
      20
     ],
     "presentation": 1,
     "presentation_rect": [
      14,
      420,
      56,
      20
     ],
     "text": "status",
     "fontsize": 12.0
    }
   }
  ],
  "lines": [
   {
    "patchline": {
     "source": [
      "obj-7",
      0
     ],
     "destination": [
      "obj-8",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-6",
      0
     ],
     "destination": [
      "obj-7",
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
      "obj-14",
      0
     ],
     "destination": [
      "obj-15",
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
      "obj-22",
      0
     ],
     "destination": [
      "obj-23",
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
      "obj-24",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-25",
      0
     ],
     "destination": [
      "obj-26",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-26",
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
      "obj-24",
      0
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
      "obj-29",
      0
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
      "obj-24",
      1
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
      "obj-30",
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
      "obj-24",
      2
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
      "obj-28",
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
      "obj-28",
      1
     ],
     "destination": [
      "obj-33",
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
      "obj-37",
      0
     ],
     "destination": [
      "obj-38",
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
      "obj-36",
      1
     ],
     "destination": [
      "obj-39",
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
      "obj-47",
      0
     ],
     "destination": [
      "obj-48",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-46",
      1
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
      "obj-54",
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
      "obj-55",
      0
     ],
     "destination": [
      "obj-56",
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
      "obj-55",
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
      "obj-60",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-61",
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
      "obj-60",
      1
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
      "obj-63",
      0
     ],
     "destination": [
      "obj-64",
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
      "obj-63",
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
      "obj-67",
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
      "obj-67",
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
      "obj-73",
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
      "obj-73",
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
      "obj-75",
      1
     ],
     "destination": [
      "obj-76",
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
      "obj-80",
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
      "obj-81",
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
      "obj-78",
      0
     ],
     "destination": [
      "obj-82",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-87",
      0
     ],
     "destination": [
      "obj-88",
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
      "obj-91",
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
      "obj-90",
      0
     ],
     "destination": [
      "obj-91",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-93",
      0
     ],
     "destination": [
      "obj-94",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-92",
      1
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
      "obj-96",
      0
     ],
     "destination": [
      "obj-97",
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
      "obj-98",
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
      "obj-95",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-99",
      0
     ],
     "destination": [
      "obj-100",
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
      "obj-95",
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
      "obj-105",
      0
     ],
     "destination": [
      "obj-106",
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
      "obj-108",
      0
     ],
     "destination": [
      "obj-109",
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
      "obj-109",
      1
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
      "obj-115",
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
      "obj-112",
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
      "obj-117",
      0
     ],
     "destination": [
      "obj-118",
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
      "obj-116",
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
      "obj-122",
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
      "obj-123",
      0
     ],
     "destination": [
      "obj-124",
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
      "obj-127",
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
      "obj-126",
      1
     ],
     "destination": [
      "obj-127",
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
      "obj-129",
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
      "obj-134",
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
      "obj-129",
      0
     ],
     "destination": [
      "obj-133",
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
      "obj-139",
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
      "obj-142",
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
      "obj-140",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      1
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
      "obj-141",
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
      "obj-145",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      2
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
      "obj-145",
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
      "obj-147",
      0
     ],
     "destination": [
      "obj-148",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      3
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
      "obj-150",
      0
     ],
     "destination": [
      "obj-151",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      4
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
      "obj-151",
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
      "obj-153",
      0
     ],
     "destination": [
      "obj-154",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      5
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
      "obj-156",
      0
     ],
     "destination": [
      "obj-157",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-139",
      6
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
      "obj-157",
      0
     ],
     "destination": [
      "obj-158",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-163",
      0
     ],
     "destination": [
      "obj-164",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-164",
      0
     ],
     "destination": [
      "obj-165",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-165",
      0
     ],
     "destination": [
      "obj-162",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-166",
      0
     ],
     "destination": [
      "obj-167",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-167",
      0
     ],
     "destination": [
      "obj-168",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-162",
      0
     ],
     "destination": [
      "obj-166",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-169",
      0
     ],
     "destination": [
      "obj-162",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-170",
      0
     ],
     "destination": [
      "obj-171",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-171",
      0
     ],
     "destination": [
      "obj-172",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-172",
      0
     ],
     "destination": [
      "obj-162",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-173",
      0
     ],
     "destination": [
      "obj-174",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-174",
      0
     ],
     "destination": [
      "obj-162",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-177",
      0
     ],
     "destination": [
      "obj-178",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-178",
      0
     ],
     "destination": [
      "obj-179",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-179",
      0
     ],
     "destination": [
      "obj-176",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-180",
      0
     ],
     "destination": [
      "obj-181",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-181",
      0
     ],
     "destination": [
      "obj-182",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-176",
      0
     ],
     "destination": [
      "obj-180",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-183",
      0
     ],
     "destination": [
      "obj-176",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-184",
      0
     ],
     "destination": [
      "obj-185",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-185",
      0
     ],
     "destination": [
      "obj-186",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-186",
      0
     ],
     "destination": [
      "obj-176",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-187",
      0
     ],
     "destination": [
      "obj-188",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-188",
      0
     ],
     "destination": [
      "obj-176",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-191",
      0
     ],
     "destination": [
      "obj-192",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-192",
      0
     ],
     "destination": [
      "obj-193",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-193",
      0
     ],
     "destination": [
      "obj-190",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-194",
      0
     ],
     "destination": [
      "obj-195",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-195",
      0
     ],
     "destination": [
      "obj-196",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-190",
      0
     ],
     "destination": [
      "obj-194",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-197",
      0
     ],
     "destination": [
      "obj-190",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-198",
      0
     ],
     "destination": [
      "obj-199",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-199",
      0
     ],
     "destination": [
      "obj-200",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-200",
      0
     ],
     "destination": [
      "obj-190",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-201",
      0
     ],
     "destination": [
      "obj-202",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-202",
      0
     ],
     "destination": [
      "obj-190",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-205",
      0
     ],
     "destination": [
      "obj-206",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-206",
      0
     ],
     "destination": [
      "obj-207",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-207",
      0
     ],
     "destination": [
      "obj-204",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-208",
      0
     ],
     "destination": [
      "obj-209",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-209",
      0
     ],
     "destination": [
      "obj-210",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-204",
      0
     ],
     "destination": [
      "obj-208",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-211",
      0
     ],
     "destination": [
      "obj-204",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-212",
      0
     ],
     "destination": [
      "obj-213",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-213",
      0
     ],
     "destination": [
      "obj-214",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-214",
      0
     ],
     "destination": [
      "obj-204",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-215",
      0
     ],
     "destination": [
      "obj-216",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-216",
      0
     ],
     "destination": [
      "obj-204",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-219",
      0
     ],
     "destination": [
      "obj-220",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-220",
      0
     ],
     "destination": [
      "obj-221",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-221",
      0
     ],
     "destination": [
      "obj-218",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-222",
      0
     ],
     "destination": [
      "obj-223",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-223",
      0
     ],
     "destination": [
      "obj-224",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-218",
      0
     ],
     "destination": [
      "obj-222",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-225",
      0
     ],
     "destination": [
      "obj-218",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-226",
      0
     ],
     "destination": [
      "obj-227",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-227",
      0
     ],
     "destination": [
      "obj-228",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-228",
      0
     ],
     "destination": [
      "obj-218",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-229",
      0
     ],
     "destination": [
      "obj-230",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-230",
      0
     ],
     "destination": [
      "obj-218",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-233",
      0
     ],
     "destination": [
      "obj-234",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-234",
      0
     ],
     "destination": [
      "obj-235",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-235",
      0
     ],
     "destination": [
      "obj-232",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-236",
      0
     ],
     "destination": [
      "obj-237",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-237",
      0
     ],
     "destination": [
      "obj-238",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-232",
      0
     ],
     "destination": [
      "obj-236",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-239",
      0
     ],
     "destination": [
      "obj-232",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-240",
      0
     ],
     "destination": [
      "obj-241",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-241",
      0
     ],
     "destination": [
      "obj-242",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-242",
      0
     ],
     "destination": [
      "obj-232",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-243",
      0
     ],
     "destination": [
      "obj-244",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-244",
      0
     ],
     "destination": [
      "obj-232",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-247",
      0
     ],
     "destination": [
      "obj-248",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-248",
      0
     ],
     "destination": [
      "obj-249",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-249",
      0
     ],
     "destination": [
      "obj-246",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-250",
      0
     ],
     "destination": [
      "obj-251",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-251",
      0
     ],
     "destination": [
      "obj-252",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-246",
      0
     ],
     "destination": [
      "obj-250",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-253",
      0
     ],
     "destination": [
      "obj-246",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-254",
      0
     ],
     "destination": [
      "obj-255",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-255",
      0
     ],
     "destination": [
      "obj-256",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-256",
      0
     ],
     "destination": [
      "obj-246",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-257",
      0
     ],
     "destination": [
      "obj-258",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-258",
      0
     ],
     "destination": [
      "obj-246",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-261",
      0
     ],
     "destination": [
      "obj-262",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-262",
      0
     ],
     "destination": [
      "obj-263",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-263",
      0
     ],
     "destination": [
      "obj-260",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-264",
      0
     ],
     "destination": [
      "obj-265",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-265",
      0
     ],
     "destination": [
      "obj-266",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-260",
      0
     ],
     "destination": [
      "obj-264",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-267",
      0
     ],
     "destination": [
      "obj-260",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-268",
      0
     ],
     "destination": [
      "obj-269",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-269",
      0
     ],
     "destination": [
      "obj-270",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-270",
      0
     ],
     "destination": [
      "obj-260",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-271",
      0
     ],
     "destination": [
      "obj-272",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-272",
      0
     ],
     "destination": [
      "obj-260",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-275",
      0
     ],
     "destination": [
      "obj-276",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-276",
      0
     ],
     "destination": [
      "obj-277",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-277",
      0
     ],
     "destination": [
      "obj-274",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-278",
      0
     ],
     "destination": [
      "obj-279",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-279",
      0
     ],
     "destination": [
      "obj-280",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-274",
      0
     ],
     "destination": [
      "obj-278",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-281",
      0
     ],
     "destination": [
      "obj-274",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-282",
      0
     ],
     "destination": [
      "obj-283",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-283",
      0
     ],
     "destination": [
      "obj-284",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-284",
      0
     ],
     "destination": [
      "obj-274",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-285",
      0
     ],
     "destination": [
      "obj-286",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-286",
      0
     ],
     "destination": [
      "obj-274",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-289",
      0
     ],
     "destination": [
      "obj-290",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-290",
      0
     ],
     "destination": [
      "obj-291",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-291",
      0
     ],
     "destination": [
      "obj-288",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-292",
      0
     ],
     "destination": [
      "obj-293",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-293",
      0
     ],
     "destination": [
      "obj-294",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-288",
      0
     ],
     "destination": [
      "obj-292",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-295",
      0
     ],
     "destination": [
      "obj-288",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-296",
      0
     ],
     "destination": [
      "obj-297",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-297",
      0
     ],
     "destination": [
      "obj-298",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-298",
      0
     ],
     "destination": [
      "obj-288",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-299",
      0
     ],
     "destination": [
      "obj-300",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-300",
      0
     ],
     "destination": [
      "obj-288",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-303",
      0
     ],
     "destination": [
      "obj-304",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-304",
      0
     ],
     "destination": [
      "obj-305",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-305",
      0
     ],
     "destination": [
      "obj-302",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-306",
      0
     ],
     "destination": [
      "obj-307",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-307",
      0
     ],
     "destination": [
      "obj-308",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-302",
      0
     ],
     "destination": [
      "obj-306",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-309",
      0
     ],
     "destination": [
      "obj-302",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-310",
      0
     ],
     "destination": [
      "obj-311",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-311",
      0
     ],
     "destination": [
      "obj-312",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-312",
      0
     ],
     "destination": [
      "obj-302",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-313",
      0
     ],
     "destination": [
      "obj-314",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-314",
      0
     ],
     "destination": [
      "obj-302",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-317",
      0
     ],
     "destination": [
      "obj-318",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-318",
      0
     ],
     "destination": [
      "obj-319",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-319",
      0
     ],
     "destination": [
      "obj-316",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-320",
      0
     ],
     "destination": [
      "obj-321",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-321",
      0
     ],
     "destination": [
      "obj-322",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-316",
      0
     ],
     "destination": [
      "obj-320",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-323",
      0
     ],
     "destination": [
      "obj-316",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-324",
      0
     ],
     "destination": [
      "obj-325",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-325",
      0
     ],
     "destination": [
      "obj-326",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-326",
      0
     ],
     "destination": [
      "obj-316",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-327",
      0
     ],
     "destination": [
      "obj-328",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-328",
      0
     ],
     "destination": [
      "obj-316",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-331",
      0
     ],
     "destination": [
      "obj-332",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-332",
      0
     ],
     "destination": [
      "obj-333",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-333",
      0
     ],
     "destination": [
      "obj-330",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-334",
      0
     ],
     "destination": [
      "obj-335",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-335",
      0
     ],
     "destination": [
      "obj-336",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-330",
      0
     ],
     "destination": [
      "obj-334",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-337",
      0
     ],
     "destination": [
      "obj-330",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-338",
      0
     ],
     "destination": [
      "obj-339",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-339",
      0
     ],
     "destination": [
      "obj-340",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-340",
      0
     ],
     "destination": [
      "obj-330",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-341",
      0
     ],
     "destination": [
      "obj-342",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-342",
      0
     ],
     "destination": [
      "obj-330",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-345",
      0
     ],
     "destination": [
      "obj-346",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-346",
      0
     ],
     "destination": [
      "obj-347",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-347",
      0
     ],
     "destination": [
      "obj-344",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-348",
      0
     ],
     "destination": [
      "obj-349",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-349",
      0
     ],
     "destination": [
      "obj-350",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-344",
      0
     ],
     "destination": [
      "obj-348",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-351",
      0
     ],
     "destination": [
      "obj-344",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-354",
      0
     ],
     "destination": [
      "obj-355",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-355",
      0
     ],
     "destination": [
      "obj-356",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-356",
      0
     ],
     "destination": [
      "obj-353",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-357",
      0
     ],
     "destination": [
      "obj-358",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-358",
      0
     ],
     "destination": [
      "obj-359",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-353",
      0
     ],
     "destination": [
      "obj-357",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-360",
      0
     ],
     "destination": [
      "obj-353",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-363",
      0
     ],
     "destination": [
      "obj-364",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-364",
      0
     ],
     "destination": [
      "obj-365",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-365",
      0
     ],
     "destination": [
      "obj-362",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-366",
      0
     ],
     "destination": [
      "obj-367",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-367",
      0
     ],
     "destination": [
      "obj-368",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-362",
      0
     ],
     "destination": [
      "obj-366",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-369",
      0
     ],
     "destination": [
      "obj-362",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-371",
      0
     ],
     "destination": [
      "obj-372",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-372",
      0
     ],
     "destination": [
      "obj-373",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-373",
      0
     ],
     "destination": [
      "obj-374",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-375",
      0
     ],
     "destination": [
      "obj-376",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-376",
      1
     ],
     "destination": [
      "obj-377",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-378",
      0
     ],
     "destination": [
      "obj-379",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-377",
      1
     ],
     "destination": [
      "obj-378",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-380",
      0
     ],
     "destination": [
      "obj-381",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-381",
      0
     ],
     "destination": [
      "obj-382",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-377",
      0
     ],
     "destination": [
      "obj-383",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-383",
      13
     ],
     "destination": [
      "obj-384",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-385",
      0
     ],
     "destination": [
      "obj-386",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-384",
      0
     ],
     "destination": [
      "obj-385",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-384",
      1
     ],
     "destination": [
      "obj-386",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-387",
      0
     ],
     "destination": [
      "obj-388",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-388",
      0
     ],
     "destination": [
      "obj-385",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-386",
      0
     ],
     "destination": [
      "obj-389",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-389",
      0
     ],
     "destination": [
      "obj-390",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-389",
      1
     ],
     "destination": [
      "obj-391",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-389",
      2
     ],
     "destination": [
      "obj-392",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-389",
      3
     ],
     "destination": [
      "obj-393",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-397",
      0
     ],
     "destination": [
      "obj-398",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-395",
      0
     ],
     "destination": [
      "obj-397",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-400",
      0
     ],
     "destination": [
      "obj-399",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-401",
      0
     ],
     "destination": [
      "obj-402",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-398",
      1
     ],
     "destination": [
      "obj-403",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-399",
      1
     ],
     "destination": [
      "obj-403",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-402",
      0
     ],
     "destination": [
      "obj-403",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-403",
      2
     ],
     "destination": [
      "obj-402",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-404",
      0
     ],
     "destination": [
      "obj-395",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-403",
      1
     ],
     "destination": [
      "obj-404",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-405",
      0
     ],
     "destination": [
      "obj-406",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-403",
      0
     ],
     "destination": [
      "obj-405",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-407",
      0
     ],
     "destination": [
      "obj-408",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-406",
      0
     ],
     "destination": [
      "obj-407",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-410",
      0
     ],
     "destination": [
      "obj-411",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-406",
      1
     ],
     "destination": [
      "obj-409",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-409",
      0
     ],
     "destination": [
      "obj-410",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-412",
      0
     ],
     "destination": [
      "obj-413",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-414",
      0
     ],
     "destination": [
      "obj-415",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-415",
      0
     ],
     "destination": [
      "obj-416",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-406",
      2
     ],
     "destination": [
      "obj-414",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-413",
      0
     ],
     "destination": [
      "obj-414",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-413",
      1
     ],
     "destination": [
      "obj-416",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-416",
      0
     ],
     "destination": [
      "obj-417",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-417",
      0
     ],
     "destination": [
      "obj-394",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-394",
      0
     ],
     "destination": [
      "obj-418",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-418",
      0
     ],
     "destination": [
      "obj-410",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-422",
      0
     ],
     "destination": [
      "obj-423",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-420",
      0
     ],
     "destination": [
      "obj-422",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-425",
      0
     ],
     "destination": [
      "obj-424",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-426",
      0
     ],
     "destination": [
      "obj-427",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-423",
      1
     ],
     "destination": [
      "obj-428",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-424",
      1
     ],
     "destination": [
      "obj-428",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-427",
      0
     ],
     "destination": [
      "obj-428",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-428",
      2
     ],
     "destination": [
      "obj-427",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-429",
      0
     ],
     "destination": [
      "obj-420",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-428",
      1
     ],
     "destination": [
      "obj-429",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-430",
      0
     ],
     "destination": [
      "obj-431",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-428",
      0
     ],
     "destination": [
      "obj-430",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-432",
      0
     ],
     "destination": [
      "obj-433",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-431",
      0
     ],
     "destination": [
      "obj-432",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-435",
      0
     ],
     "destination": [
      "obj-436",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-431",
      1
     ],
     "destination": [
      "obj-434",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-434",
      0
     ],
     "destination": [
      "obj-435",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-437",
      0
     ],
     "destination": [
      "obj-438",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-439",
      0
     ],
     "destination": [
      "obj-440",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-440",
      0
     ],
     "destination": [
      "obj-441",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-431",
      2
     ],
     "destination": [
      "obj-439",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-438",
      0
     ],
     "destination": [
      "obj-439",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-438",
      1
     ],
     "destination": [
      "obj-441",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-441",
      0
     ],
     "destination": [
      "obj-442",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-442",
      0
     ],
     "destination": [
      "obj-419",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-419",
      0
     ],
     "destination": [
      "obj-443",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-443",
      0
     ],
     "destination": [
      "obj-435",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-447",
      0
     ],
     "destination": [
      "obj-448",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-445",
      0
     ],
     "destination": [
      "obj-447",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-450",
      0
     ],
     "destination": [
      "obj-449",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-451",
      0
     ],
     "destination": [
      "obj-452",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-448",
      1
     ],
     "destination": [
      "obj-453",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-449",
      1
     ],
     "destination": [
      "obj-453",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-452",
      0
     ],
     "destination": [
      "obj-453",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-453",
      2
     ],
     "destination": [
      "obj-452",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-454",
      0
     ],
     "destination": [
      "obj-445",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-453",
      1
     ],
     "destination": [
      "obj-454",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-455",
      0
     ],
     "destination": [
      "obj-456",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-453",
      0
     ],
     "destination": [
      "obj-455",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-457",
      0
     ],
     "destination": [
      "obj-458",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-456",
      0
     ],
     "destination": [
      "obj-457",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-460",
      0
     ],
     "destination": [
      "obj-461",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-456",
      1
     ],
     "destination": [
      "obj-459",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-459",
      0
     ],
     "destination": [
      "obj-460",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-462",
      0
     ],
     "destination": [
      "obj-463",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-464",
      0
     ],
     "destination": [
      "obj-465",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-465",
      0
     ],
     "destination": [
      "obj-466",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-456",
      2
     ],
     "destination": [
      "obj-464",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-463",
      0
     ],
     "destination": [
      "obj-464",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-463",
      1
     ],
     "destination": [
      "obj-466",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-466",
      0
     ],
     "destination": [
      "obj-467",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-467",
      0
     ],
     "destination": [
      "obj-444",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-444",
      0
     ],
     "destination": [
      "obj-468",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-468",
      0
     ],
     "destination": [
      "obj-460",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-472",
      0
     ],
     "destination": [
      "obj-473",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-470",
      0
     ],
     "destination": [
      "obj-472",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-475",
      0
     ],
     "destination": [
      "obj-474",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-476",
      0
     ],
     "destination": [
      "obj-477",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-473",
      1
     ],
     "destination": [
      "obj-478",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-474",
      1
     ],
     "destination": [
      "obj-478",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-477",
      0
     ],
     "destination": [
      "obj-478",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-478",
      2
     ],
     "destination": [
      "obj-477",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-479",
      0
     ],
     "destination": [
      "obj-470",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-478",
      1
     ],
     "destination": [
      "obj-479",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-480",
      0
     ],
     "destination": [
      "obj-481",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-478",
      0
     ],
     "destination": [
      "obj-480",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-482",
      0
     ],
     "destination": [
      "obj-483",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-481",
      0
     ],
     "destination": [
      "obj-482",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-485",
      0
     ],
     "destination": [
      "obj-486",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-481",
      1
     ],
     "destination": [
      "obj-484",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-484",
      0
     ],
     "destination": [
      "obj-485",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-487",
      0
     ],
     "destination": [
      "obj-488",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-489",
      0
     ],
     "destination": [
      "obj-490",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-490",
      0
     ],
     "destination": [
      "obj-491",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-481",
      2
     ],
     "destination": [
      "obj-489",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-488",
      0
     ],
     "destination": [
      "obj-489",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-488",
      1
     ],
     "destination": [
      "obj-491",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-491",
      0
     ],
     "destination": [
      "obj-492",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-492",
      0
     ],
     "destination": [
      "obj-469",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-469",
      0
     ],
     "destination": [
      "obj-493",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-493",
      0
     ],
     "destination": [
      "obj-485",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-496",
      0
     ],
     "destination": [
      "obj-497",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-495",
      0
     ],
     "destination": [
      "obj-496",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-497",
      1
     ],
     "destination": [
      "obj-498",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-500",
      0
     ],
     "destination": [
      "obj-501",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-501",
      0
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-501",
      1
     ],
     "destination": [
      "obj-495",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-501",
      2
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 1
    }
   },
   {
    "patchline": {
     "source": [
      "obj-502",
      0
     ],
     "destination": [
      "obj-503",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-498",
      0
     ],
     "destination": [
      "obj-502",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-504",
      0
     ],
     "destination": [
      "obj-505",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-505",
      0
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-505",
      1
     ],
     "destination": [
      "obj-495",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-505",
      2
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 1
    }
   },
   {
    "patchline": {
     "source": [
      "obj-506",
      0
     ],
     "destination": [
      "obj-507",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-498",
      1
     ],
     "destination": [
      "obj-506",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-508",
      0
     ],
     "destination": [
      "obj-509",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-509",
      0
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-509",
      1
     ],
     "destination": [
      "obj-495",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-509",
      2
     ],
     "destination": [
      "obj-498",
      0
     ],
     "order": 1
    }
   },
   {
    "patchline": {
     "source": [
      "obj-510",
      0
     ],
     "destination": [
      "obj-511",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-498",
      2
     ],
     "destination": [
      "obj-512",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-512",
      0
     ],
     "destination": [
      "obj-510",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-514",
      0
     ],
     "destination": [
      "obj-513",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-513",
      0
     ],
     "destination": [
      "obj-512",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-517",
      0
     ],
     "destination": [
      "obj-518",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-519",
      0
     ],
     "destination": [
      "obj-520",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-521",
      0
     ],
     "destination": [
      "obj-522",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-522",
      0
     ],
     "destination": [
      "obj-523",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-518",
      0
     ],
     "destination": [
      "obj-524",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-520",
      0
     ],
     "destination": [
      "obj-524",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-523",
      0
     ],
     "destination": [
      "obj-524",
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
