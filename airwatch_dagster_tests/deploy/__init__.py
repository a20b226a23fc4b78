"""What stands in the folder `deploy`, with the programs that the stack runs."""
