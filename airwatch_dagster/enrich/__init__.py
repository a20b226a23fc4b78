"""What was knowable about a site at the end of an issue day."""
