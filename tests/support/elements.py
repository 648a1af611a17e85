"""The tags and the text of a page."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "wbr"}


class Elements(HTMLParser):
    """Tags with their attributes, the text outside scripts and styles, and whether every tag is closed in turn."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.text, self.scripts, self.wrong = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] in {"script", "style"} else self.text).append(data)
