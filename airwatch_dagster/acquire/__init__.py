"""Network clients and the merge of a fresh pull into history."""
