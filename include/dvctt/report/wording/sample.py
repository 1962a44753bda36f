"""What is said of figures that are a sample's, wherever they are shown or sent: here and nowhere else.

Only these words may live here. Whether figures are a sample's is said by the publication that they stand in.
"""

from dvctt.report.wording.language import _


def mark() -> str:
    """What stands before a title or a subject."""
    return _("[MẪU]")


def line() -> str:
    """What stands across a page of paper, and where there is room for one line alone."""
    return _("SỐ LIỆU MẪU, KHÔNG PHẢI SỐ LIỆU THẬT")


def sentence() -> str:
    """What the sample is, and what must not be done with it."""
    return _("Số liệu mẫu: sinh ra để dùng thử, không phải số liệu thật của tỉnh; không dùng để báo cáo.")


def marked(title: str, *, is_sample: bool) -> str:
    """A title or a subject, with the mark where its figures are a sample's."""
    return f"{mark()} {title}" if is_sample else title
