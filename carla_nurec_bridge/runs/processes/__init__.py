"""Starting the programs of a run, hearing them, and ending them."""
