"""Sphinx: MyST pages, autodoc for the reference, warnings are errors (see the Makefile)."""

import sys
from pathlib import Path

import cardan

project = "cardan"
author = "The cardan authors"
copyright = "The cardan authors"
release = version = cardan.__version__

sys.path.insert(0, str(Path(__file__).parent))
extensions = ["myst_parser", "sphinx.ext.autodoc", "entries", "checks", "words"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
# a short name in a signature, such as Response or type, may be that of several things; the first one is linked
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_title = f"cardan {release}"
html_show_sourcelink = False
