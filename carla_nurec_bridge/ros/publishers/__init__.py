"""Publishers of a node: what is offered, counted, and made only while somebody looks."""
