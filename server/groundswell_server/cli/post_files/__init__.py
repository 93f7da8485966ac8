"""Posts in files, as drafts that can be sent to ImportPosts: generic CSV and JSON Lines, and known exports.

Files are read by the client. Nothing here depends on the contract or the database.
"""

from groundswell_server.cli.post_files.drafts import PostDraft, RefusedRow
from groundswell_server.cli.post_files.post_file import Import, count_rows, read_posts

__all__ = ["Import", "PostDraft", "RefusedRow", "count_rows", "read_posts"]
