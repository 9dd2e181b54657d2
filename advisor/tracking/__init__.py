"""What became of the advice: before and after, and what that teaches."""
