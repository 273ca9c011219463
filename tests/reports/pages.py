"""How full the pages of a PDF are, and how large its letters, as they are drawn."""

import ctypes

import numpy as np
import pypdfium2

# The margins of page.css in millimetres, with a millimetre less for letters that reach below their line.
_TOP, _BOTTOM = 18.0, 17.0
_POINTS = 72 / 25.4
# How high a line of the sans face is, for a size of one.
_LINE = 1.257


def filled(content):
    """Return for each page the share of its height that is used: from the upper margin down to the last ink."""
    shares = []
    for page in pypdfium2.PdfDocument(content):
        drawn = np.asarray(page.render(scale=0.5, grayscale=True).to_numpy()).squeeze()
        scale = drawn.shape[0] / page.get_height() * _POINTS
        body = drawn[int(_TOP * scale) : int(drawn.shape[0] - _BOTTOM * scale)]
        inked = np.flatnonzero((body < 245).any(axis=1))
        shares.append((inked[-1] + 1) / len(body) if inked.size else 0.0)
    return shares


def sizes(content):
    """Return the sizes in points of the letters of a PDF, rounded, each once."""
    found = set()
    box = pypdfium2.raw.FS_RECTF()
    for page in pypdfium2.PdfDocument(content):
        text = page.get_textpage()
        for place in range(text.count_chars()):
            if pypdfium2.raw.FPDFText_GetLooseCharBox(text, place, ctypes.byref(box)) and box.top > box.bottom:
                found.add(round((box.top - box.bottom) / _LINE, 1))
    return found
