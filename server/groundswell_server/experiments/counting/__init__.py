"""What is counted of units: that they were exposed, and their events, each once."""
