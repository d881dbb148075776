"""The filter language of lists: text → tree (`parse`), tree → SQL (`sql`), sorting and cursors (`sort`)."""
