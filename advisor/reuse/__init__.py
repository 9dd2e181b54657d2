"""Questions that were asked again, and whether the result cache could have answered them."""
