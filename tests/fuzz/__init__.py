"""Any bytes, and what must be true of whatever the codec makes of them."""
