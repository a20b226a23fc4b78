"""What commands show or write for readers: the bulletin, its pages, the summary of a backfill, exports."""
