"""One report type and one day: ask, wait, download, convert, commit."""
