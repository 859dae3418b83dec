"""HTML pages that need nothing else, and charts that follow the page's light or dark theme."""
