"""Sphinx: MyST pages, autodoc for the reference, warnings are errors (see the Makefile)."""

import importlib
import pkgutil
import sys
from collections import defaultdict
from pathlib import Path

from sphinx.pycode import ModuleAnalyzer

import cardan

project = "cardan"
author = "The cardan authors"
copyright = "The cardan authors"
release = version = cardan.__version__

sys.path.insert(0, str(Path(__file__).parent))
extensions = ["myst_parser", "sphinx.ext.autodoc", "entries"]
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
html_title = f"cardan {release}"
html_show_sourcelink = False


# A class has the __module__ from which users import it, and is defined in a private module. autodoc needs the source of
# the private module: for the docstrings of attributes, and for the order of members.
SOURCES = defaultdict(set)
for found in pkgutil.walk_packages(cardan.__path__, "cardan."):
    module = importlib.import_module(found.name)
    text = Path(module.__file__).read_text("utf-8")
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ != found.name and f"\nclass {name}" in text:
            SOURCES[value.__module__].add(found.name)


def analyze_with_sources(self, analyze=ModuleAnalyzer.analyze):
    if not self._analyzed:
        analyze(self)
        for name in sorted(SOURCES[self.modname]):
            source = ModuleAnalyzer.for_module(name)
            source.analyze()
            self.attr_docs = {**source.attr_docs, **self.attr_docs}
            self.overloads = {**source.overloads, **self.overloads}
            first = len(self.tagorder)
            self.tagorder |= {
                tag: first + number for tag, number in source.tagorder.items() if tag not in self.tagorder
            }


ModuleAnalyzer.analyze = analyze_with_sources
