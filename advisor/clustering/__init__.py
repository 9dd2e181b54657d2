"""Which clustering keys a table could have, what each would bring and cost, and whether it is worth it."""
