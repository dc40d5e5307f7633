"""The documentation site; `.ci/docs` builds it."""

from wavenet import __version__

project = "wavenet"
copyright = "the wavenet authors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "numpydoc"]
html_theme = "furo"
smartquotes = False  # quotes are of code

myst_heading_anchors = 3
default_role = "py:obj"  # names in docstrings become links where there is a page for them
numpydoc_show_class_members = False  # autodoc documents them
python_maximum_signature_line_length = 88
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
